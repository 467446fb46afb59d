// As patterns.c: "patterns_cpp NAME bad|clean SECONDS".
#include <chrono>
#include <cstring>
#include <regex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

static volatile unsigned long sink;

__attribute__((noinline)) static void compute(unsigned rounds)
{
	unsigned long state = 88172645463325252UL;

	for (unsigned i = 0; i < rounds * 100; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
	}
	sink = sink + state;
}

struct order {
	long parts[16];
};

__attribute__((noinline)) static void collect_orders(bool bad)
{
	std::vector<order> orders;

	if (!bad)
		orders.reserve(400);
	for (long i = 0; i < 400; i++)
		orders.push_back(order{ { i } });
	sink = sink + static_cast<unsigned long>(orders[7].parts[0]);
	compute(30);
}

__attribute__((noinline)) static void match_names(bool bad)
{
	static const std::regex ambiguous("(a+)+b"), plain("a+b");
	std::string text(bad ? 18 : 100, 'a');

	sink = sink + std::regex_search(text, bad ? ambiguous : plain);
	compute(bad ? 100 : 3000);
}

__attribute__((noinline)) static int parse_number(const std::string &text, bool bad)
{
	if (text[0] < '0' || text[0] > '9') {
		if (bad)
			throw std::invalid_argument(text);
		return -1;
	}
	return text[0] - '0';
}

__attribute__((noinline)) static void parse_all(bool bad)
{
	static const std::string text("x17");

	for (int i = 0; i < 100; i++) {
		try {
			sink = sink + static_cast<unsigned long>(parse_number(text, bad));
		} catch (const std::invalid_argument &) {
			sink = sink + 1;
		}
		compute(5);
	}
}

__attribute__((noinline)) static void index_words(bool bad)
{
	std::unordered_map<long, long> index;

	if (!bad)
		index.reserve(60000);
	for (long i = 0; i < 60000; i++)
		index[i * 7919] = i;
	sink = sink + index.size();
}

int main(int argc, char **argv)
{
	using clock = std::chrono::steady_clock;
	const bool bad = argc == 4 && !strcmp(argv[2], "bad");
	const std::string name = argc == 4 ? argv[1] : "";
	const auto end = clock::now() +
			 std::chrono::milliseconds(argc == 4 ? int(atof(argv[3]) * 1000) : 0);

	do {
		for (int i = 0; i < 10; i++) {
			if (name == "growth")
				collect_orders(bad);
			else if (name == "regex")
				match_names(bad);
			else if (name == "exceptions")
				parse_all(bad);
			else if (name == "table")
				index_words(bad);
			else
				return 2;
		}
	} while (clock::now() < end);
	return 0;
}
