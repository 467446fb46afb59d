// Collections, strings, sorting, boxed numbers, regular expressions and garbage, until the time is over.
import java.util.*;
import java.util.regex.*;
import java.util.stream.*;

public class Work {
	interface Shape { double area(); }
	record Circle(double r) implements Shape { public double area() { return Math.PI * r * r; } }
	record Square(double a) implements Shape { public double area() { return a * a; } }
	record Rect(double a, double b) implements Shape { public double area() { return a * b; } }

	static long round(int seed) {
		Random random = new Random(seed);
		Map<String, List<Integer>> index = new HashMap<>();
		for (int i = 0; i < 40000; i++)
			index.computeIfAbsent("key" + random.nextInt(5000), k -> new ArrayList<>()).add(i);
		TreeMap<String, Integer> sizes = new TreeMap<>();
		index.forEach((k, v) -> sizes.put(k, v.size()));
		StringBuilder text = new StringBuilder();
		for (var e : sizes.entrySet())
			text.append(String.format("%s=%d;", e.getKey(), e.getValue()));
		Matcher m = Pattern.compile("key([0-9]+)=([0-9]+);").matcher(text);
		long sum = 0;
		while (m.find())
			sum += Long.parseLong(m.group(2));
		List<Shape> shapes = new ArrayList<>();
		for (int i = 0; i < 20000; i++)
			shapes.add(i % 3 == 0 ? new Circle(i) : i % 3 == 1 ? new Square(i) : new Rect(i, 2));
		double area = shapes.stream().mapToDouble(Shape::area).sum();
		String[] words = text.toString().split(";");
		Arrays.sort(words, Comparator.comparing(String::length).thenComparing(Comparator.reverseOrder()));
		return sum + (long) area + words.length + IntStream.range(0, 50000).boxed()
			.collect(Collectors.groupingBy(x -> x % 100)).size();
	}

	public static void main(String[] arguments) {
		long end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L, sum = 0;
		for (int i = 0; System.nanoTime() < end; i++)
			sum += round(i);
		System.out.println(sum);
	}
}
