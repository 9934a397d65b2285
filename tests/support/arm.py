"""A simulated 64-bit ARM processor (Unicorn) for code of LLVM. Its memory holds only the arguments of a call."""

import struct

import numpy as np
import unicorn
from unicorn import arm64_const as registers

PAGE = 4096
CODE, STACK, HOME, DATA, APART = 1 << 16, 1 << 28, 1 << 29, 1 << 32, 1 << 28

# kinds of relocation (ELF for the Arm 64-bit architecture, section 5.7), with the shift of the low part
LOW_PARTS = {277: 0, 278: 0, 284: 1, 285: 2, 286: 3, 299: 4}
PAGE_DIFFERENCE = 275


class Program:
    """Code and constants of an object file from address CODE on, with the function `block`."""

    def __init__(self, content):
        sections = self._sections(content)
        self.image, addresses = bytearray(), {}
        for number, (_, kind, flags, _, align, body) in enumerate(sections):
            if flags & 2 and kind == 1:  # occupies memory, and has content
                self.image += bytes(-len(self.image) % max(align, 16))
                addresses[number] = CODE + len(self.image)
                self.image += body
        table = next(section for section in sections if section[1] == 2)
        symbols = []
        for name, _, _, section, value, _ in struct.iter_unpack("<IBBHQQ", table[5]):
            symbols.append(addresses.get(section, 0) + value)
            if sections[table[3][0]][5][name:].startswith(b"block\0"):
                self.entry = symbols[-1]
        for _, kind, _, (_, target), _, body in sections:
            if kind == 4 and target in addresses:
                for offset, information, addend in struct.iter_unpack("<QQq", body):
                    self._relocate(addresses[target] + offset, information, symbols, addend)

    @staticmethod
    def _sections(content):
        start, size, count = *struct.unpack_from("<Q", content, 40), *struct.unpack_from("<HH", content, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", content, start + size * number) for number in range(count)]
        return [(h[0], h[1], h[2], h[6:8], h[8], b"" if h[1] == 8 else content[h[4] : h[4] + h[5]]) for h in headers]

    def _relocate(self, address, information, symbols, addend):
        kind, value = information & 0xFFFFFFFF, symbols[information >> 32] + addend
        word = int.from_bytes(self.image[address - CODE : address - CODE + 4], "little")
        if kind == PAGE_DIFFERENCE:
            pages = (value >> 12) - (address >> 12)
            word |= (pages & 3) << 29 | (pages >> 2 & 0x7FFFF) << 5
        else:
            word |= ((value & 0xFFF) >> LOW_PARTS[kind]) << 10
        self.image[address - CODE : address - CODE + 4] = word.to_bytes(4, "little")

    def __call__(self, *arguments, last=True):
        """Call the function. Each array lies at the end of separate pages, or at the start, and is written back."""
        processor = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        processor.ctl_set_cpu_model(registers.UC_CPU_ARM64_MAX)
        processor.mem_map(CODE, -(-len(self.image) // PAGE) * PAGE)
        processor.mem_write(CODE, bytes(self.image))
        processor.mem_map(STACK - (1 << 20), 1 << 20)
        processor.mem_map(HOME, PAGE)
        processor.mem_map(DATA, PAGE)  # the arrays' descriptions
        integers, arrays, floats = [], [], 0
        for number, argument in enumerate(arguments):
            if isinstance(argument, np.ndarray):
                memory = argument.base if argument.base is not None else argument
                size = -(-max(memory.nbytes, 1) // PAGE) * PAGE
                start = DATA + (number + 1) * APART
                processor.mem_map(start, size)
                start += size - memory.nbytes if last else 0
                processor.mem_write(start, memory.tobytes())
                data = start + argument.ctypes.data - memory.ctypes.data
                head = [0, 0, argument.size, argument.itemsize, data, *argument.shape, *argument.strides]
                processor.mem_write(DATA + 256 * number, struct.pack(f"<{len(head)}q", *head))
                arrays.append((start, memory))
                integers.append(DATA + 256 * number)
            elif isinstance(argument, np.floating):
                bits = int.from_bytes(argument.tobytes(), "little")
                processor.reg_write(registers.UC_ARM64_REG_D0 + floats, bits)
                floats += 1
            else:
                integers.append(int(argument))
        for number, value in enumerate(integers):
            processor.reg_write(registers.UC_ARM64_REG_X0 + number, value)
        processor.reg_write(registers.UC_ARM64_REG_SP, STACK)
        processor.reg_write(registers.UC_ARM64_REG_X30, HOME)
        processor.emu_start(self.entry, HOME)
        for start, memory in arrays:
            memory[...] = np.frombuffer(processor.mem_read(start, memory.nbytes), memory.dtype).reshape(memory.shape)
