// Runs the pieces of templates.hpp on two threads.
//   templates SECONDS | templates -n PIECES
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "templates.hpp"

extern const templates::Work work_table[];
extern const unsigned work_count;

namespace
{
struct Limit {
	bool counted;
	double limit;
	std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
	bool reached(uint64_t piece) const
	{
		if (counted)
			return double(piece) >= limit;
		return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >=
		       limit;
	}
};

void worker(const Limit &limit, unsigned number, double *ret)
{
	double sum = 0;

	for (uint64_t piece = 0; !limit.reached(piece); piece++)
		sum += work_table[(piece * 2 + number) % work_count](piece);
	*ret = sum;
}
} // namespace

int main(int argc, char **argv)
{
	bool counted = argc > 2 && !strcmp(argv[1], "-n");
	Limit limit{ counted, argc > 1 ? strtod(argv[argc - 1], nullptr) : 3.0 };
	double sums[2];
	std::thread first(worker, std::cref(limit), 0u, &sums[0]);
	std::thread second(worker, std::cref(limit), 1u, &sums[1]);

	first.join();
	second.join();
	printf("sum %g\n", sums[0] + sums[1]);
}
