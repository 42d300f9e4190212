#!/usr/bin/env python3
"""Writes templates/ptx/wgmma/nNNN.h: wrappers of wgmma.mma_async m64nNk16 for each width N.

Inline assembly needs its operand list spelled out, and NVRTC's text should hold only the widths that
a plan uses, so every width is a file of its own. Four k16 steps share one statement where they can:
the compiler's front end takes as long for each statement's accumulator list as for anything else in
a kernel. Run it from the repository's root after a change.
"""
import pathlib

OUT = pathlib.Path(__file__).resolve().parent.parent / "templates" / "ptx" / "wgmma"

FILE = """\
// wgmma.mma_async.m64n{n}k16 with fp32 accumulators (PTX ISA 9.7.15.5).
// Made by tools/generate_wgmma.py.
#pragma once

#include "ptx/wgmma.h"

#define ATTNJIT_D \\
{names}
#define ATTNJIT_D_OPERANDS \\
{operands}
#define ATTNJIT_WGMMA(TYPE) "wgmma.mma_async.sync.aligned.m64n{n}k16.f32." TYPE "." TYPE " " ATTNJIT_D

{macros}

namespace attnjit {{

template <Element kElement, int kTransposeB>
struct Wgmma<{n}, kElement, kTransposeB> {{
{functions}
  static ATTNJIT_DEVICE void Pin(float (&d)[{regs}]) {{
    asm volatile("" : ATTNJIT_D_OPERANDS : : "memory");
  }}
}};

}}  // namespace attnjit

#undef ATTNJIT_RS4
#undef ATTNJIT_RS1
#undef ATTNJIT_SS4
#undef ATTNJIT_SS1
#undef ATTNJIT_WGMMA
#undef ATTNJIT_D_OPERANDS
#undef ATTNJIT_D
"""


def shared_shared(regs, steps):
    """The macro of `steps` products with A and B in shared memory: operands a[], b[], accumulate."""
    a = [regs + i for i in range(steps)]
    b = [regs + steps + i for i in range(steps)]
    accumulate, transpose = regs + 2 * steps, regs + 2 * steps + 1
    lines = [f'"{{\\n.reg .pred p;\\nsetp.ne.b32 p, %{accumulate}, 0;\\n"']
    for i in range(steps):
        scale = "p" if i == 0 else "1"
        lines.append(f'ATTNJIT_WGMMA(TYPE) ", %{a[i]}, %{b[i]}, {scale}, 1, 1, 0, %{transpose};\\n"')
    lines.append('"}\\n"')
    inputs = [f'"l"(a[{i}])' for i in range(steps)] + [f'"l"(b[{i}])' for i in range(steps)]
    inputs += ['"r"(static_cast<int>(accumulate))', '"n"(kTransposeB)']
    return macro(f"ATTNJIT_SS{steps}", lines, inputs)


def register_shared(regs, steps):
    """The macro of `steps` accumulating products with A in registers: operands a[], b[]."""
    a = [[regs + 4 * i + j for j in range(4)] for i in range(steps)]
    b = [regs + 4 * steps + i for i in range(steps)]
    transpose = regs + 5 * steps
    lines = []
    for i in range(steps):
        fragment = ", ".join(f"%{r}" for r in a[i])
        lines.append(f'ATTNJIT_WGMMA(TYPE) ", {{{fragment}}}, %{b[i]}, 1, 1, 1, %{transpose};\\n"')
    inputs = [f'"r"(a[{i}])' for i in range(4 * steps)] + [f'"l"(b[{i}])' for i in range(steps)]
    inputs += ['"n"(kTransposeB)']
    return macro(f"ATTNJIT_RS{steps}", lines, inputs)


def macro(name, lines, inputs):
    text = [f"#define {name}(TYPE) \\", "  asm volatile( \\"]
    text += [f"      {line} \\" for line in lines]
    text += ["      : ATTNJIT_D_OPERANDS \\", "      : " + ", ".join(inputs) + ")"]
    return "\n".join(text)


def function(name, parameters, macro_name):
    return f"""\
  static ATTNJIT_DEVICE void {name}({parameters}) {{
    if constexpr (kElement == Element::kBf16) {{
      {macro_name}("bf16");
    }} else {{
      {macro_name}("f16");
    }}
  }}
"""


def render(n):
    regs = n // 2
    names = [f"%{i}" for i in range(regs)]
    rows = [", ".join(names[i:i + 16]) for i in range(0, regs, 16)]
    names_text = " \\\n".join(
        '  "' + ("{" if i == 0 else "") + row + (", " if i + 1 < len(rows) else "}") + '"'
        for i, row in enumerate(rows))
    operands = [f'"+f"(d[{i}])' for i in range(regs)]
    rows = [", ".join(operands[i:i + 6]) for i in range(0, regs, 6)]
    d = f"float (&d)[{regs}]"
    macros, functions = [], []
    for steps in (1, 4):
        macros.append(shared_shared(regs, steps))
        functions.append(function(
            "SharedShared", f"{d}, const u64 (&a)[{steps}], const u64 (&b)[{steps}], bool accumulate",
            f"ATTNJIT_SS{steps}"))
    for steps in (1, 4):
        macros.append(register_shared(regs, steps))
        functions.append(function(
            "RegisterShared", f"{d}, const u32 (&a)[{4 * steps}], const u64 (&b)[{steps}]",
            f"ATTNJIT_RS{steps}"))
    return FILE.format(n=n, regs=regs, names=names_text,
                       operands=", \\\n".join("  " + row for row in rows),
                       macros="\n".join(macros), functions="\n".join(functions))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for n in range(8, 257, 8):
        (OUT / f"n{n:03}.h").write_text(render(n))


if __name__ == "__main__":
    main()
