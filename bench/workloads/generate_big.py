#!/usr/bin/env python3
"""Writes a translation unit that instantiates templates.hpp for a range of tags, or (with `table`)
the table of all of them: the kind "big", a program of more than 100 MB with its debug info.

usage: generate_big.py FIRST END > part.cpp;  generate_big.py table COUNT > table.cpp
"""
import sys

if sys.argv[1] == "table":
    count = int(sys.argv[2])
    print("#include <cstdint>\nnamespace templates {\nusing Work = double (*)(uint64_t);\n"
          "template <int TAG> double work(uint64_t);")
    print("".join(f"extern template double work<{i}>(uint64_t);\n" for i in range(count)) + "}")
    print("extern const templates::Work work_table[] = {")
    print("".join(f"\ttemplates::work<{i}>,\n" for i in range(count)) + "};")
    print(f"extern const unsigned work_count = {count};")
else:
    print('#include "templates.hpp"')
    for tag in range(int(sys.argv[1]), int(sys.argv[2])):
        print(f"template double templates::work<{tag}>(uint64_t);")
