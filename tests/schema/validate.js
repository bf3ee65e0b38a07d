// validate.js FILE...: checks results documents against hail-result-1.json, and what a schema
// cannot say: that the figures agree with each other. Prints what is wrong, one line each; the
// exit status is 1 when anything is, 2 when a file cannot be read.
//
// ajv is looked for in build/foreign, then wherever node looks.
'use strict';

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const ajvAt = require.resolve('ajv/dist/2020', {paths: [path.join(root, 'build', 'foreign')]});
const Ajv = require(ajvAt).default;

const schema = JSON.parse(fs.readFileSync(path.join(__dirname, 'hail-result-1.json'), 'utf8'));
const matches = new Ajv({allErrors: true, strict: true, allowUnionTypes: true,
	strictTypes: false, strictRequired: false}).compile(schema);

const terms = ['expected', 'delivered', 'lost', 'duplicate', 'reordered', 'late',
	'missed_while_away', 'recovered', 'lost_for_good'];

// Every dist of the document, with its path.
function * dists(value, at) {
	if (value === null || typeof value !== 'object')
		return;
	if (!Array.isArray(value) && 'hist' in value)
		yield [at, value];
	for (const key of Object.keys(value))
		yield * dists(value[key], at + '/' + key);
}

function checkDist(at, dist, complain) {
	const order = ['min', 'p50', 'p90', 'p99', 'p999', 'max'].map((key) => dist[key]);
	const values = dist.hist.values;

	if (values.reduce((sum, pair) => sum + pair[1], 0) !== dist.count)
		complain(`${at}: the histogram does not hold count values`);
	if (values.some((pair, i) => i > 0 && pair[0] <= values[i - 1][0]))
		complain(`${at}: the histogram is not ascending`);
	// Quantiles are whole microseconds, min and max are exact.
	if (order.some((ms, i) => i > 0 && ms < order[i - 1] - 0.001))
		complain(`${at}: min, p50, p90, p99, p999 and max are not ascending`);
	if (Math.abs(dist.hist.sum_us / dist.count / 1000 - dist.mean) > 0.0006)
		complain(`${at}: mean is not the sum by the count`);
}

// expected = delivered + lost + missed_while_away + recovered + lost_for_good
function checkLedger(at, cell, complain) {
	const sum = cell.delivered + cell.lost + cell.missed_while_away + cell.recovered +
		cell.lost_for_good;

	if (cell.expected !== sum)
		complain(`${at}: expected ${cell.expected}, but its parts add up to ${sum}`);
	if (cell.late > cell.delivered)
		complain(`${at}: more late than delivered`);
}

function checkDelivery(delivery, complain) {
	checkLedger('/delivery', delivery, complain);
	delivery.matrix.forEach((cell, i) =>
		checkLedger(`/delivery/matrix/${i}`, cell, complain));
	for (const term of terms) {
		const sum = delivery.matrix.reduce((all, cell) => all + cell[term], 0);

		if (sum !== delivery[term])
			complain(`/delivery: ${term} is ${delivery[term]}, its cells' ${sum}`);
	}
}

function checkPolling(polling, complain) {
	const wasted = polling.empty + polling.not_modified;

	if (wasted > polling.requests)
		complain('/polling: more in vain than there were');
	if (polling.requests > 0 &&
		!(Math.abs(wasted * 100 / polling.requests - polling.wasted_pct) < 0.006))
		complain('/polling: wasted_pct is not what was in vain');
}

// Each row adds up, and all of them to what is told of the whole.
function checkRows(document, complain) {
	const rows = document.compare;

	rows.forEach((row, i) => {
		checkLedger(`/compare/${i}`, row, complain);
		if (row.name.split(' ')[0] !== row.transport)
			complain(`/compare/${i}: the name is another transport's`);
		if ((row.latency_ms ? row.latency_ms.count : 0) !== row.delivered)
			complain(`/compare/${i}: not as many times as deliveries`);
	});
	if (new Set(rows.map((row) => row.name)).size !== rows.length)
		complain('/compare: two rows of one name');
	if (rows.every((row) => row.valid) !== document.rig.valid)
		complain('/compare: valid is not what the rows are');
	for (const term of terms) {
		const sum = rows.reduce((all, row) => all + row[term], 0);

		if (sum !== document.delivery[term])
			complain(`/compare: ${term} is ${document.delivery[term]}, the rows' ${sum}`);
	}
}

// Every play came to one end, and each that failed did so at a line.
function checkScript(script, complain) {
	const plays = script.plays, ended = plays.completed + plays.failed + plays.unfinished;
	const failed = script.failures.reduce((all, f) => all + f.count, 0);

	if (plays.begun !== ended)
		complain(`/script/plays: begun ${plays.begun}, but ended ${ended}`);
	if (failed !== plays.failed)
		complain(`/script/failures: ${failed}, but ${plays.failed} plays failed`);
	if (script.play_ms && script.play_ms.count > plays.completed)
		complain('/script/play_ms: more than were completed');
	if (new Set(script.steps.map((step) => step.label)).size !== script.steps.length)
		complain('/script/steps: two of one label');
}

function checkRequirements(document, complain) {
	const compare = {'<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b,
		'>=': (a, b) => a >= b, '==': (a, b) => a === b, '!=': (a, b) => a !== b};

	// Those without a unit can be judged again here.
	(document.requirements || []).forEach((r, i) => {
		const parts = r.expr.match(/^[a-z0-9_.-]+ *(<=?|>=?|==|!=) *([0-9.]+)$/);

		if (parts && r.value !== null &&
			compare[parts[1]](r.value, Number(parts[2])) !== r.ok)
			complain(`/requirements/${i}: ${r.expr} of ${r.value} is not ${r.ok}`);
	});
}

function checkFigures(document, complain) {
	const c = document.connections;

	if (c.opened + c.failed > c.requested)
		complain('/connections: more opened and failed than requested');
	if (document.config.workload !== document.workload)
		complain('/config/workload: not the workload');
	for (const [at, dist] of dists(document, ''))
		checkDist(at, dist, complain);
	if (document.delivery)
		checkDelivery(document.delivery, complain);
	if (document.polling)
		checkPolling(document.polling, complain);
	if (document.compare)
		checkRows(document, complain);
	if (document.script)
		checkScript(document.script, complain);
	checkRequirements(document, complain);
}

// The list of what is wrong with a document.
function check(document) {
	const wrong = [];

	if (matches(document))
		checkFigures(document, (text) => wrong.push(text));
	else
		for (const e of matches.errors)
			wrong.push(`${e.instancePath || '/'}: ${e.message} ` +
				JSON.stringify(e.params));
	return wrong;
}

function main(files) {
	let status = files.length > 0 ? 0 : 2;

	if (files.length === 0)
		console.error('usage: validate.js FILE...');
	for (const file of files) {
		let wrong;

		try {
			wrong = check(JSON.parse(fs.readFileSync(file, 'utf8')));
		} catch (error) {
			console.error(`${file}: ${error.message}`);
			status = 2;
			continue;
		}
		for (const text of wrong)
			console.log(`${file}: ${text}`);
		if (wrong.length > 0 && status === 0)
			status = 1;
	}
	return status;
}

module.exports = {check};
if (require.main === module)
	process.exitCode = main(process.argv.slice(2));
