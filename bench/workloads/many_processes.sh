#!/bin/sh
# The kind "sys": what building software does to a machine. A configure-like script asks hundreds of
# small questions, each with processes of its own, and `make -j2` compiles what came out; again and
# again until the time is over.
# usage: many_processes.sh SECONDS DIRECTORY
set -eu
end=$(($(date +%s) + $1))
cd "$2"

configure() {
	for name in alpha beta gamma delta epsilon zeta eta theta iota kappa; do
		for question in stdio.h stdlib.h string.h math.h no-such.h; do
			printf '#include <%s>\nint %s_%d(void) { return 1; }\n' "$question" "$name" $$ >conftest.c
			if gcc -E conftest.c >conftest.i 2>conftest.err; then
				answer=$(wc -l <conftest.i | sed 's/ *//g')
			else
				answer=$(sed -n '1s/.*error: //p' conftest.err | tr 'a-z' 'A-Z')
			fi
			echo "have_$name $(expr "$question" : '\([a-z-]*\)') $answer" >>config.log
		done
		cut -d ' ' -f 1 config.log | sort | uniq -c | awk '{ n += $1 } END { print n }' >counts
		grep -c have_ config.log | cat >>counts
		{
			echo "#include <stdlib.h>"
			echo "#include <string.h>"
			seq 1 60 | sed "s/.*/int ${name}_&(const char *text) { return (int)strlen(text) * & + abs(&); }/"
		} >"$name.c"
	done
	rm -f conftest.*
}

cat >Makefile <<'MAKE'
objects := $(patsubst %.c,%.o,$(wildcard *.c))
all.a: $(objects)
	ar rcs $@ $^
	nm $@ | sort | tail -n 1
%.o: %.c
	@echo "  CC $<" | cat
	gcc -O2 -g -c -o $@ $<
MAKE
while [ "$(date +%s)" -lt "$end" ]; do
	configure
	make -j2 all.a >make.log 2>&1
	find . -name '*.o' -exec sha256sum {} \; | md5sum >sums
	tar -czf sources.tar.gz ./*.c
	rm -f ./*.o all.a config.log
done
