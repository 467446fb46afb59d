<?php
// Arrays, strings, regular expressions, JSON, objects, sorting; usage: work.php SECONDS
class Counter {
	private int $n = 0;
	public function add(int $by): static { $this->n += $by; return $this; }
	public function get(): int { return $this->n; }
}

$end = microtime(true) + (int)$argv[1];
$sum = 0;
while (microtime(true) < $end) {
	$count = [];
	$lines = [];
	for ($i = 0; $i < 10000; $i++)
		$lines[] = sprintf("10.0.%d.%d GET /page/%d HTTP/1.1 %d", $i % 7, $i % 250, $i % 900, $i * 13);
	$counter = new Counter();
	foreach ($lines as $line) {
		if (preg_match('{^(\S+) GET /page/(\d+) HTTP}', $line, $m))
			$count[$m[1]][$m[2]] = ($count[$m[1]][$m[2]] ?? 0) + 1;
		$fields = explode(' ', $line);
		$counter->add((int)end($fields));
	}
	usort($lines, fn($a, $b) => strcmp($b, $a));
	$back = json_decode(json_encode($count), true);
	$sum += count($back) + $counter->get() + strlen(implode(',', array_map('strtoupper', $lines)));
}
echo $sum, "\n";
