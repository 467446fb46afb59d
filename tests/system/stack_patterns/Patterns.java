/** As patterns.c: java -Xmx64m Patterns.java NAME bad|clean SECONDS */
public class Patterns {
	static volatile long sink;
	static final Object lock = new Object();

	static long compute(int rounds) {
		long state = 88172645463325252L;
		for (int i = 0; i < rounds; i++) {
			state ^= state << 13;
			state ^= state >>> 7;
			state ^= state << 17;
		}
		return state;
	}

	static void makeLists(boolean bad, java.util.ArrayDeque<long[]> kept) {
		for (int i = 0; i < 1000; i++) {
			if (bad) {
				kept.add(new long[40]);
				if (kept.size() > 80000)
					kept.poll();
			}
			sink += compute(20);
		}
	}

	static void countTogether(boolean bad, long end) throws InterruptedException {
		Thread[] threads = new Thread[6];
		for (int t = 0; t < threads.length; t++) {
			threads[t] = new Thread(() -> {
				long own = 0;
				while (System.nanoTime() < end)
					for (int i = 0; i < 1000; i++) {
						if (bad) {
							synchronized (lock) {
								sink += compute(20);
								if (i % 16 == 0)
									Thread.yield(); // the others meet the lock taken
							}
						} else {
							own += compute(20);
						}
					}
				sink = own;
			});
			threads[t].start();
		}
		for (Thread thread : threads)
			thread.join();
	}

	public static void main(String[] arguments) throws InterruptedException {
		boolean bad = arguments[1].equals("bad");
		long end = System.nanoTime() + (long) (Double.parseDouble(arguments[2]) * 1e9);
		java.util.ArrayDeque<long[]> kept = new java.util.ArrayDeque<>();
		if (arguments[0].equals("monitor"))
			countTogether(bad, end);
		else
			while (System.nanoTime() < end)
				makeLists(bad, kept);
	}
}
