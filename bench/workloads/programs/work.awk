# Fields, associative arrays, regular expressions, substitution and formatting over a log.
{
	bytes[$1] += $NF
	pages[$3]++
	if ($0 ~ /page\/[0-9]*7 /)
		sevens++
	gsub(/GET/, "POST")
	line = sprintf("%s %08d", $1, length($0))
	seen[substr(line, 1, 12)] = line
}
END {
	for (address in bytes)
		printf "%s %d\n", address, bytes[address]
	print length(pages), sevens, length(seen)
}
