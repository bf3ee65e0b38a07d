// refuses.js FILE: proves that validate.js can fail. FILE is a sound document of a fan-out over
// several nodes with requirements; each of many ways to break it must be refused. TAP.
'use strict';

const fs = require('fs');
const {check} = require('./validate.js');

const text = fs.readFileSync(process.argv[2], 'utf8');

const delays = (d) => d.latency_ms.delivery;
const ways = {
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
	'a list instead of an object': (d) => [d],
};

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
