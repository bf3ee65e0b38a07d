// refuses.js FILE: proves that validate.js can fail. FILE is a sound document of a fan-out over
// several nodes with requirements, or of a comparison whose last row polls and that watched a
// server, or of a script with a label and a line that failed; each of many ways to break it must be
// refused. TAP.
'use strict';

const fs = require('fs');
const {check} = require('./validate.js');

const text = fs.readFileSync(process.argv[2], 'utf8');

const delays = (d) => d.latency_ms.delivery;
const polling = {requests: 4, empty: 1, not_modified: 1, wasted_pct: 50, connections: 2};

function poll(d, change) {
	d.transport = 'poll';
	d.config.poll_interval_ms = 250;
	d.polling = {...polling, ...change};
}

const fanout = {
	'another schema': (d) => { d.schema = 'hail-result/2'; },
	'no schema': (d) => { delete d.schema; },
	'no workload': (d) => { delete d.workload; },
	'an unknown workload': (d) => { d.workload = 'storm'; },
	'another workload than configured': (d) => { d.config.workload = 'echo'; },
	'an unknown section': (d) => { d.extra = {}; },
	'an unknown key in a section': (d) => { d.connections.closed = 1; },
	'a local time': (d) => { d.started = '2026-01-31 23:59:59'; },
	'no targets': (d) => { d.targets = []; },
	'a password in a target': (d) => { d.targets[0] = 'ws://user:secret@host:80/'; },
	'no connections': (d) => { delete d.connections; },
	'a negative count': (d) => { d.connections.failed = -1; },
	'a count that is a text': (d) => { d.connections.opened = '300'; },
	'a count that is not whole': (d) => { d.messages.sent = 1.5; },
	'more opened than requested': (d) => { d.connections.requested -= 1; },
	'an unknown class of error': (d) => { d.connections.errors.bad = 1; },
	'a class of error without any': (d) => { d.connections.errors.http = 0; },
	'no messages': (d) => { delete d.messages; },
	'no scheduled in an open loop': (d) => { delete d.messages.scheduled; },
	'no rate in an open loop': (d) => { delete d.config.rate; },
	'no delivery': (d) => { delete d.delivery; },
	'delivery in a hold': (d) => { d.workload = d.config.workload = 'hold'; },
	'a round trip in a fan-out': (d) => { d.latency_ms.rtt = delays(d); },
	'a latency by another name': (d) => { d.latency_ms.push = delays(d); },
	'a dist of nothing': (d) => { delays(d).count = 0; },
	'a dist without its histogram': (d) => { delete delays(d).hist; },
	'a dist without p999': (d) => { delete delays(d).p999; },
	'a histogram in another unit': (d) => { delays(d).hist.unit = 'ms'; },
	'a histogram that lacks a value': (d) => { delays(d).hist.values[0][1]++; },
	'a histogram out of order': (d) => { delays(d).hist.values.reverse(); },
	'a value above an hour': (d) => { delays(d).hist.values[0][0] = 3600000001; },
	'quantiles out of order': (d) => { delays(d).p50 += delays(d).max; },
	'a wrong mean': (d) => { delays(d).mean += 1; },
	'a total that does not add up': (d) => { d.delivery.lost += 1; },
	'a cell that does not add up': (d) => {
		d.delivery.matrix[0].delivered -= 1;
		d.delivery.matrix[1].delivered += 1;
	},
	'a cell that is missing': (d) => { d.delivery.matrix.pop(); },
	'a cell without its terms': (d) => { delete d.delivery.matrix[0].late; },
	'a cell with half its times': (d) => { delete d.delivery.matrix[0].p99_ms; },
	'valid with a reason': (d) => { d.rig.reasons.push('it was slow'); },
	'not valid without a reason': (d) => { d.rig.valid = false; d.rig.reasons = []; },
	'a sentence that is empty': (d) => { d.rig.warnings.push(''); },
	'no processor time': (d) => { delete d.rig.cpu_s; },
	'a point without its time': (d) => { delete d.series[0].t_s; },
	'a series of nothing': (d) => { d.series = []; },
	'no requirements, but the section': (d) => { d.requirements = []; },
	'a requirement without a value': (d) => { delete d.requirements[0].value; },
	'a requirement that no value kept': (d) => {
		d.requirements[0].value = null;
		d.requirements[0].ok = true;
	},
	'a requirement that was not kept': (d) => {
		d.requirements[0] = {expr: 'lost==0', value: 3, ok: true};
	},
	'a requirement that says nothing': (d) => { d.requirements[0].expr = 'p99'; },
	'a transport that nobody speaks': (d) => { d.transport = 'udp'; },
	'published by nobody': (d) => { delete d.config.publish_by; },
	'published in an unknown way': (d) => { d.config.publish_by = 'mail'; },
	'polling over WebSockets': (d) => { d.polling = polling; },
	'polling without telling what of it': (d) => { poll(d); delete d.polling; },
	'polling without its interval': (d) => { poll(d); delete d.config.poll_interval_ms; },
	'more polls in vain than polls': (d) => { poll(d, {empty: 4}); },
	'another share of polls in vain': (d) => { poll(d, {wasted_pct: 25}); },
	'posts that nobody made': (d) => { d.messages.post = {connections: 1}; },
	'posts that nobody counted': (d) => { d.config.publish_by = 'request'; },
	'posts refused, of nobody knows how many': (d) => {
		d.config.publish_by = 'request';
		d.messages.post = {refused: 1, unknown: 0, connections: 1};
	},
	'a server without its name': (d) => { d.rig.servers = [{pid: 1, cpu_ms: 0}]; },
	'rows in a fan-out': (d) => { d.compare = [{}]; },
	'a list instead of an object': (d) => [d],
};

const last = (d) => d.compare[d.compare.length - 1];
const comparison = {
	'no rows': (d) => { delete d.compare; },
	'rows of nothing': (d) => { d.compare = []; },
	'a transport of its own': (d) => { d.transport = 'ws'; },
	'delivery times of all': (d) => { d.latency_ms = {delivery: last(d).latency_ms}; },
	'a series of all': (d) => {
		d.series = [{t_s: 1, open: 1, sent: 1, received: 1, max_ms: 1}];
	},
	'one interval': (d) => { d.config.poll_interval_ms = 250; },
	'no transports asked for': (d) => { delete d.config.transports; },
	'published by the connections themselves': (d) => { d.config.publish_by = 'socket'; },
	'a row without a name': (d) => { delete last(d).name; },
	'a row with a strange name': (d) => { last(d).name = 'poll often'; },
	'a row with another name': (d) => { last(d).name = 'sse'; },
	'a row without its interval': (d) => { delete last(d).poll_interval_ms; },
	'a WebSocket with an interval': (d) => { d.compare[0].poll_interval_ms = 5; },
	'a WebSocket that polls': (d) => { d.compare[0].requests = 1; },
	'a WebSocket that wastes polls': (d) => { d.compare[0].wasted_pct = 0; },
	'a share above all': (d) => { last(d).wasted_pct = 100.5; },
	'a row that does not add up': (d) => { last(d).lost += 1; },
	'rows that do not add up': (d) => {
		last(d).delivered -= 1;
		last(d).expected -= 1;
	},
	'a row less': (d) => { d.compare.shift(); },
	'a row twice': (d) => { d.compare.push(d.compare[0]); },
	'a row whose times are another\'s': (d) => { last(d).latency_ms.count += 1; },
	'a row without its times': (d) => { delete last(d).latency_ms; },
	'a row that is not valid in a valid whole': (d) => { last(d).valid = false; },
	'a server less than none': (d) => { last(d).servers = []; },
	'a server without its time': (d) => { delete d.rig.servers[0].cpu_ms; },
	'an unknown key in a row': (d) => { last(d).note = 'slow'; },
};

const script = {
	'no script': (d) => { delete d.script; },
	'no script asked for': (d) => { delete d.config.script; },
	'a transport of its own': (d) => { d.transport = 'ws'; },
	'a dialect': (d) => { d.config.dialect = 'hail'; },
	'a seed': (d) => { d.config.seed = 1; },
	'messages with stamps': (d) => { d.messages.foreign = 0; },
	'messages by a schedule': (d) => { d.messages.scheduled = 1; },
	'a delivery': (d) => { d.delivery = {}; },
	'a latency of all': (d) => { d.latency_ms = {rtt: d.script.steps[0].latency_ms}; },
	'a script without its file': (d) => { delete d.script.file; },
	'plays without their begin': (d) => { delete d.script.plays.begun; },
	'plays that do not add up': (d) => { d.script.plays.completed += 1; },
	'failures that do not add up': (d) => { d.script.failures[0].count += 1; },
	'a failure of nobody': (d) => { d.script.failures.push({...d.script.failures[0], count: 0}); },
	'a failure of no class': (d) => { d.script.failures[0].class = 'bad'; },
	'a failure without a sentence': (d) => { delete d.script.failures[0].message; },
	'a failure before the first line': (d) => { d.script.failures[0].line = 0; },
	'more times than plays': (d) => {
		d.script.plays.unfinished += d.script.plays.completed;
		d.script.plays.completed = 0;
	},
	'a label twice': (d) => { d.script.steps.push(d.script.steps[0]); },
	'a label without its line': (d) => { delete d.script.steps[0].line; },
	'a label without its name': (d) => { delete d.script.steps[0].label; },
	'a label whose times are broken': (d) => { d.script.steps[0].latency_ms.count += 1; },
	'an unknown key of a play': (d) => { d.script.plays.lost = 0; },
	'a fan-out with a script': (d) => { d.workload = d.config.workload = 'fanout'; },
};

const kinds = {compare: comparison, script};
const ways = kinds[JSON.parse(text).workload] || fanout;
let failed = 0, point = 0;

function ok(passed, name) {
	console.log(`${passed ? 'ok' : 'not ok'} ${++point} - ${name}`);
	failed += !passed;
}

const wrong = check(JSON.parse(text));
ok(wrong.length === 0, 'the document as it is');
for (const line of wrong)
	console.log(`# ${line}`);
for (const [name, breakIt] of Object.entries(ways)) {
	const document = JSON.parse(text);

	ok(check(breakIt(document) || document).length > 0, `refused: ${name}`);
}
console.log(`1..${point}`);
process.exitCode = failed > 0 ? 1 : 0;
