// One piece of work in heavily templated C++17: variant, regex, sort, map, iostreams. TAG makes
// every instantiation code of its own, so that a program with many tags has a large debug info.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace templates
{

template <int TAG, class T> struct Tagged {
	T value{};
	bool operator<(const Tagged &other) const { return value < other.value; }
	bool operator==(const Tagged &other) const { return value == other.value; }
};

template <int TAG> struct TagHash {
	template <class T> size_t operator()(const Tagged<TAG, T> &tagged) const
	{
		return std::hash<T>{}(tagged.value);
	}
};

template <int TAG, class T> struct Pool {
	using value_type = T;
	Pool() = default;
	template <class U> Pool(const Pool<TAG, U> &) {}
	template <class U> struct rebind {
		using other = Pool<TAG, U>;
	};
	T *allocate(size_t count) { return std::allocator<T>{}.allocate(count); }
	void deallocate(T *pointer, size_t count) { std::allocator<T>{}.deallocate(pointer, count); }
	template <class U> bool operator==(const Pool<TAG, U> &) const { return true; }
	template <class U> bool operator!=(const Pool<TAG, U> &) const { return false; }
};

template <int TAG> using Text = std::basic_string<char, std::char_traits<char>, Pool<TAG, char>>;
template <int TAG>
using Stream = std::basic_ostringstream<char, std::char_traits<char>, Pool<TAG, char>>;
template <int TAG> struct Traits : std::regex_traits<char> {
};

template <int TAG> struct Leaf {
	double number;
};
template <int TAG> struct Node;
template <int TAG>
using Tree = std::variant<Leaf<TAG>, Tagged<TAG, int64_t>, Text<TAG>, std::unique_ptr<Node<TAG>>>;
template <int TAG> struct Node {
	char op;
	Tree<TAG> left, right;
};

template <class... F> struct Overloaded : F... {
	using F::operator()...;
};
template <class... F> Overloaded(F...) -> Overloaded<F...>;

template <int TAG> Tree<TAG> tree_make(std::mt19937_64 &random, int depth)
{
	if (depth == 0)
		switch (random() % 3) {
		case 0:
			return Leaf<TAG>{ double(random() % 1000) / 7 };
		case 1:
			return Tagged<TAG, int64_t>{ int64_t(random() % 1000) };
		default:
			return Text<TAG>(random() % 20, 'x');
		}
	auto node = std::make_unique<Node<TAG>>();
	node->op = "+-*/"[random() % 4];
	node->left = tree_make<TAG>(random, depth - 1);
	node->right = tree_make<TAG>(random, depth - 1);
	return node;
}

template <int TAG> double tree_value(const Tree<TAG> &tree)
{
	return std::visit(
		Overloaded{
			[](const Leaf<TAG> &leaf) { return leaf.number; },
			[](const Tagged<TAG, int64_t> &number) { return double(number.value); },
			[](const Text<TAG> &text) { return double(text.size()); },
			[](const std::unique_ptr<Node<TAG>> &node) {
				double left = tree_value<TAG>(node->left);
				double right = tree_value<TAG>(node->right);

				switch (node->op) {
				case '+':
					return left + right;
				case '-':
					return left - right;
				case '*':
					return left * right * 1e-3;
				default:
					return right != 0 ? left / right : 0.0;
				}
			},
		},
		tree);
}

template <int TAG> double sort_work(std::mt19937_64 &random)
{
	std::vector<Tagged<TAG, double>, Pool<TAG, Tagged<TAG, double>>> values(2000);

	for (auto &value : values)
		value.value = double(random() % 100000);
	std::sort(values.begin(), values.end(), [](const auto &a, const auto &b) {
		return a.value * 1.5 < b.value * 1.5;
	});
	std::stable_sort(values.begin(), values.end(),
			 [](const auto &a, const auto &b) { return b < a; });
	return values[random() % values.size()].value;
}

template <int TAG> double map_work(std::mt19937_64 &random)
{
	using Key = Tagged<TAG, std::string>;
	std::map<Key, std::vector<int>> ordered;
	std::unordered_map<Key, int, TagHash<TAG>> hashed;

	for (int i = 0; i < 600; i++) {
		Key key{ "key-" + std::to_string(random() % 300) };

		ordered[key].push_back(i);
		hashed[key] += i;
	}
	double sum = 0;
	for (const auto &[key, list] : ordered)
		sum += std::accumulate(list.begin(), list.end(), 0.0) + hashed.at(key);
	return sum;
}

template <int TAG> double regex_work(std::mt19937_64 &random)
{
	static const std::basic_regex<char, Traits<TAG>> pattern(
		"([a-z]+)-([0-9]+)(:[a-f0-9]{2,4})?;");
	std::string text;
	double sum = 0;

	for (int i = 0; i < 40; i++)
		text += "item-" + std::to_string(random() % 9999) + (i % 3 ? ":beef; " : "; ");
	std::regex_iterator<std::string::iterator, char, Traits<TAG>> match(text.begin(), text.end(),
									   pattern),
		end;
	for (; match != end; ++match)
		sum += double((*match)[2].length());
	return sum;
}

template <int TAG> double stream_work(std::mt19937_64 &random)
{
	Stream<TAG> stream;

	for (int i = 0; i < 200; i++)
		stream << "row " << i << '\t' << double(random() % 1000) / 3 << '\t' << std::hex
		       << random() % 65536 << std::dec << '\n';
	return double(stream.str().size());
}

template <int TAG> double function_work(std::mt19937_64 &random)
{
	std::vector<std::function<double(double)>> stages;
	std::optional<Tagged<TAG, double>> best;
	double value = double(random() % 100);

	for (int i = 0; i < 50; i++)
		stages.push_back([i](double x) { return x * 0.5 + Tagged<TAG, int>{ i }.value; });
	for (int round = 0; round < 40; round++)
		for (const auto &stage : stages) {
			value = stage(value);
			if (!best || best->value < value)
				best = Tagged<TAG, double>{ value };
		}
	return best->value;
}

// Some 2 ms of work.
template <int TAG> double work(uint64_t seed)
{
	std::mt19937_64 random(seed * 97 + TAG);
	Tree<TAG> tree = tree_make<TAG>(random, 9);
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += tree_value<TAG>(tree);
	sum += sort_work<TAG>(random);
	sum += map_work<TAG>(random);
	sum += regex_work<TAG>(random);
	sum += stream_work<TAG>(random);
	sum += function_work<TAG>(random);
	return sum;
}

using Work = double (*)(uint64_t);

} // namespace templates
