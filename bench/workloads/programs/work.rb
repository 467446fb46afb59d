# Hashes, strings, blocks, regular expressions, sorting, objects; usage: work.rb SECONDS
require "json"

class Counter
  attr_reader :n

  def initialize = @n = 0

  def add(by)
    @n += by
    self
  end
end

stop = Time.now + ARGV[0].to_i
sum = 0
while Time.now < stop
  count = Hash.new { |h, k| h[k] = Hash.new(0) }
  counter = Counter.new
  lines = (1..8000).map { |i| format("10.0.%d.%d GET /page/%d HTTP/1.1 %d", i % 7, i % 250, i % 900, i * 13) }
  lines.each do |line|
    count[$1][$2] += 1 if line =~ %r{^(\S+) GET /page/(\d+) HTTP}
    counter.add(line.split(" ").last.to_i)
  end
  back = JSON.parse(JSON.generate(count))
  sum += back.size + counter.n + lines.sort_by { |l| l.reverse }.map(&:upcase).join(",").size
end
puts sum
