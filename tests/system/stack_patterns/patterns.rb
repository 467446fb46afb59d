# As patterns.c: patterns.rb gc bad|clean SECONDS
bad = ARGV[1] == "bad"
finish = Process.clock_gettime(Process::CLOCK_MONOTONIC) + ARGV[2].to_f
kept = Array.new(300_000) { |i| [i] }
sum = 0
while Process.clock_gettime(Process::CLOCK_MONOTONIC) < finish
  2000.times { |i| bad ? kept[i] = [i, "n#{i}"] : sum += i }
end
