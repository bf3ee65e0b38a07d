// utf8.js: which bytes are UTF-8 (RFC 3629), judged byte by byte.
'use strict';

// Lead bytes: how many follow, and what the first of those may be.
const LEADS = [
	{ from: 0xc2, to: 0xdf, more: 1, low: 0x80, high: 0xbf },
	{ from: 0xe0, to: 0xe0, more: 2, low: 0xa0, high: 0xbf },
	{ from: 0xe1, to: 0xec, more: 2, low: 0x80, high: 0xbf },
	{ from: 0xed, to: 0xed, more: 2, low: 0x80, high: 0x9f },
	{ from: 0xee, to: 0xef, more: 2, low: 0x80, high: 0xbf },
	{ from: 0xf0, to: 0xf0, more: 3, low: 0x90, high: 0xbf },
	{ from: 0xf1, to: 0xf3, more: 3, low: 0x80, high: 0xbf },
	{ from: 0xf4, to: 0xf4, more: 3, low: 0x80, high: 0x8f },
];

// The index of the first byte after which no continuation can be UTF-8; -1: there is none.
// `complete` says whether the text may end there.
function judge(bytes) {
	let more = 0, low = 0x80, high = 0xbf;

	for (let i = 0; i < bytes.length; i++) {
		const byte = bytes[i];

		if (more > 0) {
			if (byte < low || byte > high)
				return { bad: i, complete: false };
			more--;
			low = 0x80;
			high = 0xbf;
		} else if (byte > 0x7f) {
			const lead = LEADS.find((l) => byte >= l.from && byte <= l.to);

			if (!lead)
				return { bad: i, complete: false };
			({ more, low, high } = lead);
		}
	}
	return { bad: -1, complete: more === 0 };
}

// Long texts are left to the platform.
function isUtf8(bytes) {
	if (bytes.length < 256)
		return judge(bytes).complete;
	return require('node:buffer').isUtf8(bytes);
}

module.exports = { judge, isUtf8 };
