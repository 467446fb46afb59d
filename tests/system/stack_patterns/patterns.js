// As patterns.c: patterns.js NAME bad|clean SECONDS
"use strict";
const [name, mode, seconds] = process.argv.slice(2);
const bad = mode === "bad";
const kept = [];
let sink = 0;

function compute(rounds) {
	let state = 12345;
	for (let i = 0; i < rounds; i++)
		state = (Math.imul(state, 1103515245) + 12345) | 0;
	sink = (sink + state) | 0;
}

function makeObjects() {
	for (let i = 0; i < 2000; i++) {
		if (bad)
			kept[i % 20000 + (sink & 1)] = { index: i, name: "n" + i, list: [i, i + 1, { i }] };
		else
			sink = (sink + i) | 0;
	}
	compute(2000);
}

function matchWords() {
	sink = (sink + (bad ? /^(a+)+$/ : /^a+$/).test("a".repeat(20) + "b")) | 0;
	compute(bad ? 1000 : 200000);
}

const rows = [];
for (let i = 0; i < 300; i++)
	rows.push({ name: "order " + i, price: i / 7, tags: ["a", "b", String(i)] });

function keepRows() {
	sink = (sink + (bad ? JSON.parse(JSON.stringify(rows)).length : rows.slice().length)) | 0;
	compute(20000);
}

const work = { gc: makeObjects, regex: matchWords, json: keepRows }[name];
const end = Date.now() + Number(seconds) * 1000;
do {
	for (let i = 0; i < 10; i++)
		work();
} while (Date.now() < end);
