# The rooms' table of ARCHITECTURE.md first, then every source: see tools/checks/doors.
BEGIN {
	split("assert ctype dirent dlfcn elf endian err errno fcntl float fnmatch getopt glob grp inttypes langinfo libgen " \
	      "limits link locale malloc math netdb poll pthread pwd regex sched setjmp signal spawn stdalign " \
	      "stdarg stdatomic stdbool stddef stdint stdio stdlib string strings syscall termios time " \
	      "ucontext unistd wchar wctype", names, " ")
	for (i in names) libc[names[i] ".h"] = 1
	library["libelf.h"] = library["gelf.h"] = "libelf"
	library["dwarf.h"] = "libdw"
}
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
function library_of(header) {
	if (header in libc || header ~ /^(sys|linux|asm|asm-generic|net|netinet|arpa|bits|gnu)\//) return ""
	if (header in library) return library[header]
	if (header ~ /^elfutils\//) return "libdw"
	if (header ~ /^libiberty\//) return "libiberty"
	sub(/\/.*/, "", header); sub(/\.h$/, "", header); sub(/_errors$/, "", header)
	return header
}
FILENAME == "ARCHITECTURE.md" {
	if ($0 !~ /^\| [a-z]+ \|/ || $2 == "room") next
	split($0, cell, / *\| */)
	room = cell[2]; known[room] = 1
	if (cell[4] == "everything above") for (i = 1; i <= rooms; i++) door[room, order[i]] = 1
	else { n = split(cell[4], list, /, */); for (i = 1; i <= n; i++) door[room, list[i]] = 1 }
	door[room, room] = 1; order[++rooms] = room
	rest = cell[5]
	while (match(rest, /[a-z0-9]+( \([^)]*\))?/)) {
		item = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
		name = item; sub(/ .*/, "", name)
		files = item; if (!sub(/^[^(]*\(/, "", files)) files = "*"; sub(/\)$/, "", files)
		outside[room, name] = files
	}
	next
}
FNR == 1 {
	n = split(FILENAME, part, "/")
	room = n > 2 ? part[2] : "cmd"; file = part[n]
	if (!(room in known)) complain("room '" room "' is not in the table")
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\""); target = quoted[2]
	if (target == "config.h") { if (room != "cmd") complain("only cmd knows config.h"); next }
	if (target !~ /\//) { complain("name the room: \"" target "\""); next }
	sub(/\/.*/, "", target)
	if (!((room, target) in door)) complain(room " may not include " target)
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	header = $0; sub(/^[^<]*</, "", header); sub(/>.*/, "", header)
	lib = library_of(header)
	if (lib == "") next
	if (!((room, lib) in outside)) complain(room " has no door to " lib)
	else if (outside[room, lib] != "*" && index(", " outside[room, lib] ",", ", " file ",") == 0)
		complain(lib " belongs to " outside[room, lib])
}
END { exit bad }
