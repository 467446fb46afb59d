-- Tables, strings, patterns, closures, metatables, sorting; usage: work.lua SECONDS
local Counter = {}
Counter.__index = Counter
function Counter.new() return setmetatable({ n = 0 }, Counter) end
function Counter:add(by) self.n = self.n + by return self end

local stop, sum = os.clock() + tonumber(arg[1]), 0
while os.clock() < stop do
	local count, lines, counter = {}, {}, Counter.new()
	for i = 1, 8000 do
		lines[#lines + 1] = string.format("10.0.%d.%d GET /page/%d HTTP/1.1 %d", i % 7, i % 250, i % 900, i * 13)
	end
	for _, line in ipairs(lines) do
		local address, page = line:match("^(%S+) GET /page/(%d+) HTTP")
		count[address] = count[address] or {}
		count[address][page] = (count[address][page] or 0) + 1
		counter:add(tonumber(line:match("%d+$")))
	end
	table.sort(lines, function(a, b) return a > b end)
	sum = sum + counter.n + #table.concat(lines, ",")
end
print(sum)
