"""The symbols of an ELF file that other code in its process can use."""

import pickle
import struct
from pathlib import Path

SYMBOL_TABLE, LOCAL, UNDEFINED = 2, 0, 0
DIGEST = 32  # bytes in front of an entry on disk


def object_code(file: Path) -> bytes:
    """Return the machine code of an entry of the cache."""
    (_, _, (code, _)), *_ = pickle.loads(file.read_bytes()[DIGEST:])
    return code


def shared_symbols(code: bytes) -> set[str]:
    """Return the names of all symbols that an object file exports, including weak and common ones."""
    assert code[:5] == b"\x7fELF\x02", "expected a 64-bit ELF file"
    (start,) = struct.unpack_from("<Q", code, 40)
    size, count = struct.unpack_from("<HH", code, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", code, start + number * size) for number in range(count)]
    symbols = set()
    for _, kind, _, _, offset, length, link, _, _, entry in sections:
        if kind == SYMBOL_TABLE:
            names = sections[link][4]
            for position in range(offset, offset + length, entry):
                name, info, _, section, _, _ = struct.unpack_from("<IBBHQQ", code, position)
                if info >> 4 != LOCAL and section != UNDEFINED:
                    symbols.add(code[names + name : code.index(b"\0", names + name)].decode())
    return symbols
