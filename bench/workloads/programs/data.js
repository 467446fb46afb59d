// JSON, regular expressions, strings, maps, sorting, promises and buffers; usage: data.js SECONDS
"use strict";
const crypto = require("crypto");
const zlib = require("zlib");

function round(seed) {
	const rows = [];
	for (let i = 0; i < 5000; i++)
		rows.push({ id: i, name: `name ${i * seed % 977}`, price: i * 1.25, tags: ["a", "b", String(i)] });
	const text = JSON.stringify(rows);
	const back = JSON.parse(text);
	const groups = new Map();
	for (const row of back) {
		if (!groups.has(row.name))
			groups.set(row.name, []);
		groups.get(row.name).push(row);
	}
	const found = text.match(/"name":"name (\d+)"/g).map((s) => s.replace(/\D+/g, "").padStart(6, "0"));
	found.sort((a, b) => a < b ? -1 : 1);
	const sum = crypto.createHash("sha256").update(text).digest("hex").length;
	return groups.size + found.join(",").split(",").length + sum + zlib.gzipSync(text.slice(0, 50000)).length;
}

async function main() {
	const end = Date.now() + Number(process.argv[2]) * 1000;
	let total = 0;
	for (let i = 1; Date.now() < end; i++)
		total += await Promise.resolve(round(i)).then((n) => n + 1);
	console.log(total);
}
main();
