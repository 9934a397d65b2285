"""Exponential, logarithms, square root, sine and cosine, written once for all targets.

`log*` and `direction*` are for vectorized loops: polynomials of minimal relative error (Remez), with integer range
reduction, accurate to a few units in the last place. They are the same on all targets, except for the rounding of
multiply-adds, and take normal numbers only.
"""

import numpy as np

from ...core.jit import overridable, scalar

__all__ = [
    "EXP_MAX",
    "HALF64",
    "ONE64",
    "TWO64",
    "ZERO64",
    "bits32",
    "bits64",
    "direction32",
    "direction64",
    "exp",
    "exp_parts",
    "exp_parts_within",
    "log1p",
    "log32",
    "log64",
    "normal_tail",
    "sqrt",
]

# These are NumPy's functions: without a compiler, those of `math` return Python floats, which would narrow to float32.


@overridable
def exp(x):
    """Return e**x in the precision of x. CUDA overrides this function."""
    return np.exp(x)


@overridable
def log1p(x):
    """Return the natural logarithm of 1 + x in the precision of x."""
    return np.log1p(x)


@overridable
def sqrt(x):
    """Return the square root in the precision of x."""
    return np.sqrt(x)


# ---------------------------------------------------------------- float32

ONE32, TWO32 = np.float32(1), np.float32(2)
HALF_ROOT32 = np.int32(0x3F3504F3)  # the bits of sqrt(1/2)
EXPONENT32 = np.int32(23)
LN2_32 = np.float32(np.log(2.0))
LOG32 = tuple(map(np.float32, (1.9999999986214401, 0.66666815954837914, 0.39974794485710312, 0.29925661026349454)))
SIN32 = tuple(map(np.float32, (0.78539816085431932, -0.080745432531924115, 0.0024900010313432288, -3.5950456811e-05)))
COS32 = tuple(
    map(
        np.float32,
        (0.99999999994394956, -0.3084251348913798, 0.015854323913177231, -0.00032593650200274, 3.5287625e-06),
    )
)
OCTANT32 = np.int32(21)
FRACTION32 = np.int32(2**21 - 1)
BIT0_32, BIT1_32, BIT2_32 = np.int32(1), np.int32(2), np.int32(4)
STEP22 = np.float32(2**-22)


@overridable
def bits32(x):
    """Return the bits of a float32 as an integer."""
    return np.float32(x).view(np.int32)


@overridable
def float32_of(bits):
    """Return the float32 with these bits."""
    return np.int32(bits).view(np.float32)


@scalar
def log32(x):
    """Return the natural logarithm of a normal positive float32."""
    exponent = np.int32((bits32(x) - HALF_ROOT32) >> EXPONENT32)
    f = float32_of(np.int32(bits32(x) - (exponent << EXPONENT32))) - ONE32
    s = f / (TWO32 + f)
    t = s * s
    return np.float32(exponent) * LN2_32 + s * (((LOG32[3] * t + LOG32[2]) * t + LOG32[1]) * t + LOG32[0])


@scalar
def direction32(t):
    """Return cosine and sine of (t + 1/2) * 2**-24 turns for an integer t below 2**24."""
    octant = np.int32(t >> OCTANT32)
    f = np.float32(np.int32((t & FRACTION32) << BIT0_32 | BIT0_32)) * STEP22
    f = ONE32 - f if octant & BIT0_32 else f
    q = f * f
    sine = (((SIN32[3] * q + SIN32[2]) * q + SIN32[1]) * q + SIN32[0]) * f
    cosine = (((COS32[4] * q + COS32[3]) * q + COS32[2]) * q + COS32[1]) * q + COS32[0]
    swapped = np.int32(octant + BIT0_32) & BIT1_32
    x, y = (sine, cosine) if swapped else (cosine, sine)
    return -x if np.int32(octant + BIT1_32) & BIT2_32 else x, -y if octant & BIT2_32 else y


# ---------------------------------------------------------------- float64

LN2_64 = np.log(np.float64(2))
ZERO64, HALF64, ONE64, TWO64 = np.float64(0), np.float64(0.5), np.float64(1), np.float64(2)
HALF_ROOT64 = np.int64(0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
EXPONENT64 = np.int64(52)
LOG64 = (
    2.0,
    0.66666666666666658331,
    0.40000000000007534094,
    0.28571428568808197693,
    0.22222222678389786898,
    0.18181773632088728139,
    0.15387165182285815662,
    0.13248674046872795318,
    0.13262860285786962129,
)
SIN64 = (
    0.78539816339744830701,
    -0.080745512188280530241,
    0.0024903945701887367279,
    -0.000036576204158458412323,
    3.1336162166731905844e-7,
    -1.7571492976949005897e-9,
    6.8771020288949610672e-12,
)
COS64 = (
    1.0,
    -0.30842513753404245242,
    0.015854344243815410892,
    -0.00032599188692668751527,
    3.5908604458857224157e-6,
    -2.4611363826233921192e-8,
    1.150049701480258585e-10,
    -3.8577617780241398641e-13,
)
OCTANT64 = np.int64(50)
FRACTION64 = np.int64(2**50 - 1)
BIT0_64, BIT1_64, BIT2_64 = np.int64(1), np.int64(2), np.int64(4)
STEP51 = np.float64(2.0**-51)


@overridable
def bits64(x):
    """Return the bits of a float64 as an integer."""
    return np.float64(x).view(np.int64)


@scalar
def log64(x):
    """Return the natural logarithm of a normal positive float64."""
    bits = bits64(x)
    exponent = (bits - HALF_ROOT64) >> EXPONENT64
    f = np.int64(bits - (exponent << EXPONENT64)).view(np.float64) - ONE64
    s = f / (TWO64 + f)
    t = s * s
    high = ((LOG64[8] * t + LOG64[7]) * t + LOG64[6]) * t + LOG64[5]
    low = (((high * t + LOG64[4]) * t + LOG64[3]) * t + LOG64[2]) * t + LOG64[1]
    return np.float64(exponent) * LN2_64 + s * (low * t + LOG64[0])


@scalar
def direction64(t):
    """Return cosine and sine of (t + 1/2) * 2**-53 turns for an integer t below 2**53."""
    octant = t >> OCTANT64
    f = np.float64((t & FRACTION64) << BIT0_64 | BIT0_64) * STEP51
    f = ONE64 - f if octant & BIT0_64 else f
    q = f * f
    sine = ((SIN64[6] * q + SIN64[5]) * q + SIN64[4]) * q + SIN64[3]
    sine = (((sine * q + SIN64[2]) * q + SIN64[1]) * q + SIN64[0]) * f
    cosine = ((COS64[7] * q + COS64[6]) * q + COS64[5]) * q + COS64[4]
    cosine = (((cosine * q + COS64[3]) * q + COS64[2]) * q + COS64[1]) * q + COS64[0]
    swapped = (octant + BIT0_64) & BIT1_64
    x, y = (sine, cosine) if swapped else (cosine, sine)
    return -x if (octant + BIT1_64) & BIT2_64 else x, -y if octant & BIT2_64 else y


# ---------------------------------------------------------------- for activations: float64, also of float32 arrays

# e**r = 1 + r + r**2 * q(r) for |r| <= ln(2) / 2
EXP_SHORT = (0.5000000013462217, 0.1666657700316026, 0.041666464976129275, 0.008363175565471549, 0.0013933643522294394)
EXP_LONG = (
    0.5000000000000001,
    0.1666666666666672,
    0.04166666666663001,
    0.008333333333258579,
    0.0013888888914276598,
    0.0001984127011093476,
    2.4801525856944854e-05,
    2.755695598540578e-06,
    2.7617920011249787e-07,
    2.5229804260445636e-08,
)
# (1 - cdf(t)) * exp(t**2 / 2) * (1 + c * t) = q((t - k) / (t + k)) for the standard normal distribution and t >= 0
TAIL_SHORT_K, TAIL_SHORT_C = np.float64(5.0), np.float64(0.3)  # for t <= 14.6
TAIL_SHORT = (
    0.1922982582951684,
    -0.12788596504415725,
    0.0905577139559229,
    -0.05361824477166669,
    0.025571121394479236,
    -0.009030051732812865,
    0.0017839624834252983,
    0.0003232432724821789,
    -0.00042206563196292443,
)
TAIL_LONG_K, TAIL_LONG_C = np.float64(5.25), np.float64(1.25)
TAIL_LONG = (
    0.5557547458234893,
    -0.07799705966479029,
    0.013897966787159266,
    0.027865829477823817,
    -0.04266167759772543,
    0.03749044423131204,
    -0.024005142640598224,
    0.011483634920432558,
    -0.003817912219559249,
    0.0006052999929156438,
    0.0001590783068470697,
    -0.00011951304852049427,
    1.5529605958843897e-05,
    1.103178425243989e-05,
    -4.271006860774307e-06,
    -7.826467619764798e-07,
    6.926065087498045e-07,
    4.130976279270726e-08,
    -9.216722375526842e-08,
    -1.1055306003981969e-09,
    7.752899762181186e-09,
)
LOG2E64, LN2_HIGH64, LN2_LOW64 = (
    np.float64(1 / np.log(2)),
    np.float64(0.6931471803691238),
    np.float64(1.9082149292705877e-10),
)
ROUND64 = np.float64(1.5 * 2**52)  # adding it rounds to an integer, which is in the low bits of the sum
BIAS64 = np.int64(1023)
EXP_MAX = np.float64(700)


def polynomial(coefficients):
    """Return the function q(x) = coefficients[0] + coefficients[1] x + ..., a `scalar`."""
    first = np.float64(coefficients[0])
    if len(coefficients) == 1:
        return scalar(lambda x: first)
    rest = polynomial(coefficients[1:])
    return scalar(lambda x: rest(x) * x + first)


_exp_short, _exp_long = polynomial(EXP_SHORT), polynomial(EXP_LONG)
_tail_short, _tail_long = polynomial(TAIL_SHORT), polynomial(TAIL_LONG)


@overridable
def float64_of(bits):
    """Return the float64 with these bits."""
    return np.int64(bits).view(np.float64)


@scalar
def exp_parts(x, short):
    """Return s and q such that e**x = s + s * q, for a float64 x: s is a power of 2, and |q| < 0.42.

    The relative error is 2e-16, or 1e-8 if `short`. Beyond +-700, x is replaced by the nearest bound.
    """
    x = -EXP_MAX if x < -EXP_MAX else x
    x = EXP_MAX if x > EXP_MAX else x
    return exp_parts_within(x, short)


@scalar
def exp_parts_within(x, short):
    """Return `exp_parts` of an x within +-700."""
    shifted = x * LOG2E64 + ROUND64
    n = shifted - ROUND64
    r = x - n * LN2_64 if short else x - n * LN2_HIGH64 - n * LN2_LOW64
    q = (_exp_short(r) if short else _exp_long(r)) * (r * r) + r
    return float64_of((bits64(shifted) + BIAS64) << EXPONENT64), q


@scalar
def normal_tail(t, short):
    """Return (1 - cdf(t)) * exp(t**2 / 2) for the standard normal distribution and a float64 t >= 0.

    The relative error is 2e-15, or 3e-8 up to t = 14.6 if `short`. The numerator and denominator share one division.
    """
    k, c = (TAIL_SHORT_K, TAIL_SHORT_C) if short else (TAIL_LONG_K, TAIL_LONG_C)
    low, high = t + k, ONE64 + c * t
    inverse = ONE64 / (low * high)
    s = (t - k) * high * inverse
    return (_tail_short(s) if short else _tail_long(s)) * (low * inverse)
