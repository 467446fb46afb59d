# Functions, expansions, arrays, arithmetic, matching and a few processes; usage: work.bash SECONDS
stop=$((SECONDS + $1))
declare -A count
sum=0
add() {
	local by=$1
	sum=$((sum + by))
}
while ((SECONDS < stop)); do
	for i in {1..400}; do
		line="10.0.$((i % 7)).$((i % 250)) GET /page/$((i % 90)) HTTP/1.1 $((i * 13))"
		if [[ $line =~ ^([0-9.]+)\ GET\ /page/([0-9]+) ]]; then
			count[${BASH_REMATCH[1]}]=$((${count[${BASH_REMATCH[1]}]:-0} + 1))
		fi
		add "${line##* }"
		line=${line//GET/POST}
	done
	for i in 1 2 3; do
		sum=$((sum + $(echo "$line" | wc -c)))
	done
done
echo "$sum"
