// Makes the still picture of a flame graph one to work with: zoom, search, details, both ways up.
// It draws from the JSON in this file, so that a zoom shows also what was too narrow for the
// picture; only cells that can be seen are ever in the document. Where the script does not run,
// the picture stands as it is.
(function () {
'use strict';

const SVG = 'http://www.w3.org/2000/svg', HTML = 'http://www.w3.org/1999/xhtml';
const ROW = 18, CELL = 17, LEAST_WIDTH = 0.4, TEXT_MARGIN = 4, FEWEST_LETTERS = 4;
const KINDS = { a: '', p: 'program', k: 'kernel', u: '', i: 'inlined', j: 'JIT code',
	n: 'no symbol found', c: 'the recorded copy of the stack ended here' };

const root = (document.currentScript || document.documentElement).closest('svg');
const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);

// A name gives the letters that it shares with the one before it, and the rest.
const names = [];

for (let i = 0; i < data.names.rest.length; i++)
	names.push((names[i - 1] || '').slice(0, data.names.shared[i]) + data.names.rest[i]);

// ---- the cells, in preorder: a parent, then its children from left to right

const count = data.cells.name.length;
const parent = new Int32Array(count), depth = new Int32Array(count), after = new Int32Array(count);
const total = new Float64Array(count), samples = new Float64Array(count);
const start = new Float64Array(count);

function unpackCells() {
	const { up, self, count: selfSamples, rest } = data.cells;
	const given = new Float64Array(count);
	let above = -1;

	for (let i = 0; i < count; i++) {
		for (let levels = up[i]; levels > 0; levels--)
			above = parent[above];
		parent[i] = above;
		depth[i] = i ? depth[above] + 1 : 0;
		after[i] = i + 1;
		total[i] = self[i];
		samples[i] = selfSamples[i];
		above = i;
	}
	for (let i = 0; i < rest.length; i += 3) {
		total[rest[i]] += rest[i + 1];
		samples[rest[i]] += rest[i + 2];
	}
	for (let i = count - 1; i > 0; i--) {
		total[parent[i]] += total[i];
		samples[parent[i]] += samples[i];
		after[parent[i]] = Math.max(after[parent[i]], after[i]);
	}
	for (let i = 1; i < count; i++) {
		start[i] = start[parent[i]] + given[parent[i]];
		given[parent[i]] += total[i];
	}
}

const nameOf = i => names[data.cells.name[i]];
const kindOf = i => data.names.kind[data.cells.name[i]];
const dsoOf = i => data.dsos[data.names.dso[data.cells.name[i]]];
const fileOf = i => data.files[data.names.file[data.cells.name[i]]];
const colorOf = i => '#' + data.names.color.substr(6 * data.cells.name[i], 6);

// ---- figures

function percent(part, whole) {
	const value = whole ? 100 * part / whole : 0;

	if (value > 0 && value < 0.005)
		return '<0.01%';
	return (value >= 99.95 || value === 0 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) :
		value.toFixed(2)) + '%';
}

function amount(weight) {
	const value = weight / data.scale;

	if (data.unit === 'samples' || !weight)
		return '';
	if (data.unit === 'ns')
		return value >= 1e9 ? (value / 1e9).toFixed(2) + ' s' : (value / 1e6).toFixed(1) + ' ms';
	for (const [size, letter] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
		if (value >= size)
			return (value / size).toFixed(2) + ' ' + letter + ' ' + data.unit;
	}
	return value + ' ' + data.unit;
}

const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

// ---- the page

function make(tag, attributes, ...children) {
	const element = document.createElementNS(HTML, tag);

	for (const [key, value] of Object.entries(attributes || {})) {
		if (key.startsWith('on'))
			element.addEventListener(key.slice(2), value);
		else
			element.setAttribute(key, value);
	}
	element.append(...children);
	return element;
}

function makeSvg(tag, attributes) {
	const element = document.createElementNS(SVG, tag);

	for (const key in attributes)
		element.setAttribute(key, attributes[key]);
	return element;
}

const input = make('input', { type: 'search', placeholder: 'Search (regular expression)',
	'aria-label': 'Search functions by regular expression', spellcheck: 'false',
	autocomplete: 'off', oninput: () => searchFor(input.value) });
const matched = make('output', { class: 'matched' });
const flip = make('button', { type: 'button', title: 'Turn the graph over (i)',
	onclick: () => turnOver() });
const crumbs = make('nav', { class: 'crumbs' });
const graph = makeSvg('svg', { class: 'graph', role: 'img' });
const cells = makeSvg('g', { class: 'cells' });
const scroll = make('div', { class: 'scroll' });
const tip = make('div', { class: 'tip' });

function legend() {
	return make('ul', { class: 'legend' }, ...data.legend.map(([label, color, weight, search]) =>
		make('li', {}, make('button', { type: 'button', title: 'Self time in ' + label +
			': click to mark it', onclick: () => toggleSearch(search) },
		make('span', { class: 'swatch', style: 'background:#' + color }),
		label + ' ' + percent(weight, total[0])))));
}

function buildPage() {
	const box = makeSvg('foreignObject', { x: 0, y: 0, width: '100%', height: '100%' });
	const header = make('header', {},
		make('div', { class: 'top' }, make('h1', { title: data.title }, data.title),
			make('div', { class: 'tools' }, matched, input, flip)),
		make('p', { class: 'sub' }, data.subtitle),
		...data.notes.map(note => make('p', { class: 'note' }, note)));

	if (data.legend.length)
		header.append(legend());
	header.append(crumbs);
	graph.append(cells);
	scroll.append(graph);
	box.append(make('div', { class: 'app' }, header, scroll, tip));
	root.removeAttribute('viewBox');
	root.setAttribute('width', '100%');
	root.setAttribute('height', '100%');
	root.append(box);
	root.querySelector('#picture').remove();
}

// ---- what is shown, kept in the address: #zoom=CELL&search=TEXT&down

const view = { zoom: 0, search: '', down: data.inverted };
let matches = null; // by name, or null without a search
let letterWidth = 7;

function readAddress() {
	const fields = new URLSearchParams(location.hash.slice(1));
	const zoom = Number(fields.get('zoom'));

	view.zoom = Number.isInteger(zoom) && zoom > 0 && zoom < count ? zoom : 0;
	view.search = fields.get('search') || '';
	view.down = fields.has('down') ? fields.get('down') === '1' : data.inverted;
}

function address() {
	const fields = new URLSearchParams();

	if (view.zoom)
		fields.set('zoom', view.zoom);
	if (view.search)
		fields.set('search', view.search);
	if (view.down !== data.inverted)
		fields.set('down', view.down ? '1' : '0');
	return '#' + fields;
}

// A zoom is a step that the browser's "back" undoes; a search in progress is not.
function writeAddress(isStep) {
	if (address() === (location.hash || '#'))
		return;
	if (isStep)
		location.hash = address();
	else
		location.replace(address());
}

// ---- drawing

// Without parameters and template arguments; the rules are those of flame_label.c.
function plainName(name) {
	const operator = /operator(?:\(\)|[<>=-]*)/y;
	let result = '', dropped = 0, kept = 0;

	for (let i = 0; i < name.length; i++) {
		const c = name[i];

		operator.lastIndex = i;
		if (operator.test(name)) {
			result += dropped ? '' : name.slice(i, operator.lastIndex);
			i = operator.lastIndex - 1;
			continue;
		}
		if (c === '(' || c === '<') {
			if (!dropped && (kept || i === 0 || name[i - 1] === ':' || name[i - 1] === ' '))
				kept++;
			else
				dropped++;
		}
		result += dropped ? '' : c;
		if (c === ')' || c === '>' && name[i - 1] !== '-') {
			if (dropped)
				dropped--;
			else if (kept)
				kept--;
		}
	}
	return dropped || !result ? name : result;
}

function lastComponent(name) {
	let begin = 0, open = 0;

	for (let i = 0; i + 2 < name.length; i++) {
		open += (name[i] === '(' || name[i] === '<') - (name[i] === ')' || name[i] === '>');
		if (name[i] === ':' && name[i + 1] === ':' && open === 0)
			begin = i + 2;
	}
	return name.slice(begin);
}

const shortNames = new Map(); // name index -> [without brackets, its last component]

function fitted(i, width) {
	const letters = Math.floor((width - 2 * TEXT_MARGIN) / letterWidth), name = nameOf(i);
	const index = data.cells.name[i];

	if (name.length <= letters)
		return name;
	if (letters < FEWEST_LETTERS)
		return '';
	if (!shortNames.has(index))
		shortNames.set(index, [plainName(name), lastComponent(plainName(name))]);

	const [plain, last] = shortNames.get(index);

	if (plain.length <= letters)
		return plain;
	return last.length <= letters ? last : last.slice(0, letters - 1) + '\u2026';
}

function drawCell(i, x, width, y, isAbove) {
	const cell = makeSvg('g', {});
	const text = fitted(i, width);

	cell.cell = i;
	if (isAbove || (matches && matches[data.cells.name[i]]))
		cell.setAttribute('class', (isAbove ? 'above ' : '') +
			(matches && matches[data.cells.name[i]] ? 'match' : ''));
	cell.append(makeSvg('rect', { x: x.toFixed(1), y,
		width: Math.max(width - (width > 3 ? 0.8 : 0), LEAST_WIDTH).toFixed(1), height: CELL,
		rx: width > 6 ? 2 : 0, fill: colorOf(i) }));
	if (text) {
		const label = makeSvg('text', { x: (x + TEXT_MARGIN).toFixed(1), y: y + 12.5 });

		label.textContent = text;
		cell.append(label);
	}
	return cell;
}

// Every cell below the zoomed one that is wide enough to be seen, and the path down to it.
function visibleCells(width) {
	const zoom = view.zoom, scale = total[zoom] ? width / total[zoom] : 0, found = [];

	for (let i = zoom; i; i = parent[i])
		found.unshift([parent[i], 0, width, true]);
	for (let i = zoom; i < after[zoom];) {
		const wide = i === zoom ? width : total[i] * scale;

		if (wide >= LEAST_WIDTH)
			found.push([i, (start[i] - start[zoom]) * scale, wide, false]);
		i = wide >= LEAST_WIDTH ? i + 1 : after[i];
	}
	return found;
}

function draw() {
	const width = Math.max(scroll.clientWidth - 32, 200), found = visibleCells(width);
	const rows = found.reduce((most, [i]) => Math.max(most, depth[i]), 0) + 1;
	const drawn = document.createDocumentFragment();
	const fromEnd = scroll.scrollHeight - scroll.scrollTop;

	for (const [i, x, wide, isAbove] of found)
		drawn.append(drawCell(i, x, wide,
			ROW * (view.down ? depth[i] : rows - 1 - depth[i]), isAbove));
	graph.setAttribute('width', width);
	graph.setAttribute('height', rows * ROW);
	graph.setAttribute('class', matches ? 'graph searching' : 'graph');
	cells.replaceChildren(drawn);
	// The root stays where it is on the screen, whichever end of the page it is at.
	if (!view.down)
		scroll.scrollTop = scroll.scrollHeight - fromEnd;
	flip.textContent = view.down ? '\u2191 Flame' : '\u2193 Icicle';
	drawCrumbs();
	hideTip();
}

function drawCrumbs() {
	const path = [];

	if (!view.zoom) {
		crumbs.replaceChildren('Click a frame to zoom in. ',
			'/ or Ctrl-F searches, Esc resets, i turns the graph over.');
		return;
	}
	for (let i = parent[view.zoom]; i > 0; i = parent[i])
		path.unshift(i);
	crumbs.replaceChildren(make('button', { type: 'button', class: 'reset',
		onclick: () => zoomTo(0) }, 'Reset zoom'), ' \u00a0 ');
	for (const i of path.length > 6 ? [...path.slice(0, 2), -1, ...path.slice(-3)] : path)
		crumbs.append(i < 0 ? '\u2026' : make('button', { type: 'button',
			onclick: () => zoomTo(i) }, plainName(nameOf(i))), ' \u203a ');
	crumbs.append(make('b', {}, plainName(nameOf(view.zoom))),
		' \u00a0 ' + percent(total[view.zoom], total[0]) + ' of all');
}

function zoomTo(i) {
	if (view.zoom === i)
		return;
	view.zoom = i;
	writeAddress(true);
	showMatched();
	draw();
}

function turnOver() {
	view.down = !view.down;
	writeAddress(false);
	draw();
	scroll.scrollTop = view.down ? 0 : scroll.scrollHeight;
}

// ---- search: on names, or with "dso:" and "file:" in front on those; small letters match both

function findMatches(text) {
	const [, field, pattern] = /^(?:(dso|file|kind):)?([^]*)$/.exec(text);
	const expression = new RegExp(pattern, pattern === pattern.toLowerCase() ? 'i' : '');
	const { dso, file, kind } = data.names;
	const texts = { dso: i => data.dsos[dso[i]], file: i => data.files[file[i]],
		kind: i => KINDS[kind[i]] }[field] || (i => names[i]);

	return names.map((unused, i) => kind[i] !== 'a' && expression.test(texts(i)));
}

// Weight of the matching cells below `top`; what lies below a match is in it already.
function matchedWeight(top) {
	let weight = 0;

	for (let i = top; i < after[top];) {
		const isMatch = matches[data.cells.name[i]];

		weight += isMatch ? total[i] : 0;
		i = isMatch ? after[i] : i + 1;
	}
	return weight;
}

function showMatched() {
	if (!matches)
		return;

	const inAll = percent(matchedWeight(0), total[0]);
	let inView = '';

	if (view.zoom) {
		let i = view.zoom;

		while (i && !matches[data.cells.name[i]])
			i = parent[i];
		inView = ', ' + percent(i ? total[view.zoom] : matchedWeight(view.zoom),
			total[view.zoom]) + ' of this view';
	}
	matched.textContent = 'Matched: ' + inAll + inView;
}

function applySearch() {
	matches = null;
	matched.textContent = '';
	matched.setAttribute('class', 'matched');
	if (!view.search)
		return;
	try {
		matches = findMatches(view.search);
		showMatched();
	} catch (error) {
		matched.textContent = 'not a regular expression';
		matched.setAttribute('class', 'matched bad');
	}
}

function searchFor(text) {
	view.search = text;
	if (input.value !== text)
		input.value = text;
	writeAddress(false);
	applySearch();
	draw();
}

function toggleSearch(text) {
	searchFor(view.search === text ? '' : text);
}

// ---- details

function hideTip() {
	tip.style.visibility = 'hidden';
}

function row(title, weight, number) {
	const figures = [percent(weight, total[0])];

	if (view.zoom)
		figures.push(percent(weight, total[view.zoom]) + ' of view');
	if (amount(weight))
		figures.push(amount(weight));
	if (number)
		figures.push(grouped(number) + (number === 1 ? ' sample' : ' samples'));
	return make('tr', {}, ...[title, ...figures].map(text => make('td', {}, text)));
}

function fillTip(i) {
	const line = data.cells.line[i];
	const where = [dsoOf(i), KINDS[kindOf(i)]].filter(Boolean).join(' \u00b7 ');
	const file = fileOf(i) ? fileOf(i) + (line ? ':' + line : '') : '';

	tip.replaceChildren(make('b', {}, nameOf(i)),
		...[where, file].filter(Boolean).map(text => make('div', { class: 'where' }, text)),
		make('table', {}, row('total', total[i], samples[i]),
			row('self', data.cells.self[i], data.cells.count[i])));
}

function moveTip(event) {
	const cell = event.target.closest && event.target.closest('.cells g');

	if (!cell) {
		hideTip();
		return;
	}
	if (tip.cell !== cell.cell || tip.style.visibility === 'hidden')
		fillTip(cell.cell);
	tip.cell = cell.cell;

	const box = tip.getBoundingClientRect();
	const right = event.clientX + 16 + box.width > window.innerWidth;
	const below = event.clientY + 20 + box.height <= window.innerHeight;

	tip.style.left = Math.max(4, right ? event.clientX - box.width - 12 : event.clientX + 16) + 'px';
	tip.style.top = Math.max(4, below ? event.clientY + 20 : event.clientY - box.height - 12) + 'px';
	tip.style.visibility = 'visible';
}

// ---- keys

function handleKey(event) {
	const isSearchKey = event.key === '/' && event.target !== input ||
		(event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f';

	if (isSearchKey && document.activeElement !== input) {
		event.preventDefault();
		input.focus();
		input.select();
	} else if (event.key === 'Escape' && view.search) {
		event.preventDefault();
		searchFor('');
	} else if (event.key === 'Escape') {
		input.blur();
		zoomTo(0);
	} else if (event.key === 'i' && event.target !== input && !event.ctrlKey && !event.metaKey) {
		turnOver();
	}
}

function showAddress() {
	readAddress();
	input.value = view.search;
	applySearch();
	draw();
}

// The width of a letter in the font that the browser really took.
function measureLetters() {
	const probe = makeSvg('text', {});

	probe.textContent = 'm'.repeat(50);
	cells.append(probe);
	letterWidth = probe.getComputedTextLength() / 50 || 7;
	probe.remove();
}

function begin() {
	unpackCells();
	buildPage();
	measureLetters();
	showAddress();
	if (!view.down)
		scroll.scrollTop = scroll.scrollHeight;
	cells.addEventListener('click', event => {
		const cell = event.target.closest('g');

		if (cell && 'cell' in cell)
			zoomTo(cell.cell);
	});
	root.addEventListener('mousemove', moveTip);
	root.addEventListener('mouseleave', hideTip);
	scroll.addEventListener('scroll', hideTip, { passive: true });
	window.addEventListener('keydown', handleKey);
	window.addEventListener('hashchange', () => {
		if (address() !== (location.hash || '#'))
			showAddress();
	});
	window.addEventListener('resize', draw);
}

begin();
}());
