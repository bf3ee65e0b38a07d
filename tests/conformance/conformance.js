// conformance.js: how well does a WebSocket client keep to RFC 6455 and RFC 7692?
//
//   conformance.js [--only CATEGORY] list            the cases
//   conformance.js [--only CATEGORY] [--jobs N] [--no-exit] [--tls PEM] run COMMAND...
//                                    runs COMMAND URL once per case, N at a time (4); prints TAP
//   conformance.js [--limit SECONDS] serve
//                                    prints "listening PORT", then a line of TAP for each case that
//                                    was played. GET /case/N is case N, GET /count their number,
//                                    GET /result/N the verdict as JSON
//
// The client must send every message back as it came, with its type, until the server closes.
// `run` also judges the exit status: 0 after a normal close, 3 when the client had to refuse
// something or the connection was lost; --no-exit leaves that out. --limit: how long a case waits
// for what must come (10). --tls: a file with a certificate and its key; the URLs are wss:// then.
'use strict';
const fs = require('node:fs');
const { spawn } = require('node:child_process');
const { Peer } = require('./peer');
const { cases, CATEGORIES, Server } = require('./suite');

const EXIT_MS = 10000;                 // how long a client may stay after its case was judged,
const NEVER_MS = 1000;                 // and the server may need to see that it had come

function usage(text) {
	console.error(`conformance.js: ${text}; categories are ${CATEGORIES.join(' ')}`);
	process.exit(2);
}

function parse(args) {
	const options = { only: null, jobs: 4, exit: true, pem: null };

	while (args.length > 0 && args[0].startsWith('--')) {
		const name = args.shift();

		if (name === '--only')
			options.only = args.shift();
		else if (name === '--jobs')
			options.jobs = Number(args.shift());
		else if (name === '--limit')
			Peer.LIMIT_MS = Number(args.shift()) * 1000;
		else if (name === '--tls')
			options.pem = fs.readFileSync(args.shift());
		else if (name === '--no-exit')
			options.exit = false;
		else
			usage(`no option ${name}`);
	}
	if (options.only !== null && !CATEGORIES.includes(options.only))
		usage(`no category ${options.only}`);
	return { ...options, verb: args.shift(), command: args };
}

function chosen({ only }) {
	return cases.filter((one) => only === null || one.category === only);
}

function tap({ number, category, name }, text) {
	const line = `${text ? 'not ok' : 'ok'} ${number} - ${category}: ${name}`;

	return text ? `${line}\n${text.trimEnd().replace(/^/gm, '# ')}` : line;
}

function serve() {
	new Server((one, { text }) => console.log(tap(one, text))).listen()
		.then((port) => console.log(`listening ${port}`));
}

// --- running clients -----------------------------------------------------------------------------

// Starts the client for one case; resolves with what was wrong, '' when nothing was.
class Run {
	constructor(one, command, url, judgesExit) {
		this.judgesExit = judgesExit;
		this.said = '';
		this.result = new Promise((resolve) => { this.resolve = resolve; });
		this.child = spawn(command[0], [...command.slice(1), `${url}/case/${one.number}`],
			{ stdio: ['ignore', 'ignore', 'pipe'] });
		this.child.stderr.on('data', (chunk) => {
			this.said = (this.said + chunk).slice(0, 2000);
		});
		this.child.on('error', (e) => this.exited(e.message));
		this.child.on('close', (code, signal) => this.exited(code ?? signal));
	}

	judged(verdict) {
		this.verdict = verdict;
		this.timer = setTimeout(() => {
			this.stayed = true;
			this.child.kill('SIGKILL');
		}, EXIT_MS);
		this.settle();
	}

	exited(status) {
		this.status = status;
		this.grace = setTimeout(() => {
			if (!this.came)
				this.verdict = { text: `it never came, but ended: ${status}` };
			this.settle();
		}, NEVER_MS);
		this.settle();
	}

	settle() {
		if (this.status === undefined || this.verdict === undefined)
			return;
		clearTimeout(this.timer);
		clearTimeout(this.grace);
		this.resolve(this.fault());
	}

	fault() {
		const { text, exit } = this.verdict;
		let what = text;

		if (text === '' && this.stayed)
			what = 'it did not end by itself';
		else if (text === '' && this.judgesExit && exit !== null && this.status !== exit)
			what = `exit status ${this.status}, want ${exit}`;
		else if (text === '' && typeof this.status !== 'number')
			what = `it ended by ${this.status}`;
		return what && this.said ? `${what}\nit said: ${this.said}` : what;
	}
}

async function run({ command, jobs, exit, pem, ...options }) {
	const todo = chosen(options), results = [], running = new Map();
	const server = new Server((one, verdict) => running.get(one.number)?.judged(verdict),
		(one) => { running.get(one.number).came = true; }, pem);
	const url = `${pem ? 'wss' : 'ws'}://127.0.0.1:${await server.listen()}`;
	let next = 0, printed = 0, failed = 0;

	const work = async () => {
		while (next < todo.length) {
			const index = next++, one = todo[index];
			const client = new Run(one, command, url, exit);

			running.set(one.number, client);
			results[index] = tap(one, await client.result);
			failed += results[index].startsWith('not');
			for (; results[printed] !== undefined; printed++)
				console.log(results[printed]);
		}
	};
	await Promise.all(Array.from({ length: jobs }, work));
	server.close();
	console.log(`1..${todo.length}`);
	process.exitCode = failed > 0 ? 1 : 0;
}

const options = parse(process.argv.slice(2));

process.on('SIGTERM', () => process.exit(0));
if (options.verb === 'list')
	chosen(options).forEach((one) => console.log(`${one.number} ${one.category}: ${one.name}`));
else if (options.verb === 'serve')
	serve();
else if (options.verb === 'run' && options.command.length > 0)
	run(options);
else
	usage(`no such verb: ${options.verb}`);
