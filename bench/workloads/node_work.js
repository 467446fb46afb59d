// Work for the kind "node": functions that V8 compiles, and some that stay interpreted.
// usage: node --perf-basic-prof node_work.js SECONDS
'use strict';

function fibonacci(n) {
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function sieve(limit) {
	const marks = new Uint8Array(limit);
	let found = 0;
	for (let i = 2; i < limit; i++) {
		if (marks[i])
			continue;
		found++;
		for (let j = i * 2; j < limit; j += i)
			marks[j] = 1;
	}
	return found;
}

class Account {
	constructor(name) {
		this.name = name;
		this.entries = [];
	}
	post(amount) {
		this.entries.push({ amount, at: this.entries.length });
		return this.entries.length;
	}
	balance() {
		return this.entries.reduce((sum, entry) => sum + entry.amount, 0);
	}
}

function ledger(size) {
	const accounts = new Map();
	for (let i = 0; i < size; i++) {
		const name = `account ${i % 97}`;
		if (!accounts.has(name))
			accounts.set(name, new Account(name));
		accounts.get(name).post(i % 13 - 5);
	}
	return [...accounts.values()].sort((a, b) => a.balance() - b.balance())[0].balance();
}

function texts(count) {
	let length = 0;
	for (let i = 0; i < count; i++)
		length += JSON.stringify({ i, list: [i, i + 1], text: 'x'.repeat(i % 40) })
			.replace(/[0-9]+/g, 'n').length;
	return length;
}

const limit = Number(process.argv[2] || 3) * 1000;
const begin = Date.now();
let rounds = 0, sum = 0;
while (Date.now() - begin < limit) {
	sum += fibonacci(20) + sieve(20000) + ledger(4000) + texts(500);
	rounds++;
}
console.log(`${rounds} rounds, sum ${sum}`);
