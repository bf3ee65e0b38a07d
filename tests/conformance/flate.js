// flate.js: DEFLATE (RFC 1951) as permessage-deflate uses it (RFC 7692, 7.2), both directions.
//
// The decoder is written out here, not zlib's, for two reasons: it is another opinion than that
// of the client under test, and it measures how far back the client's references reach. zlib
// compresses what the server sends; what no zlib makes (a reference over the whole window, two
// blocks of odd kinds) is put together from tokens.
'use strict';
const zlib = require('node:zlib');

const WINDOW = 32768;
const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
	99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5,
	5, 5, 0];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
	1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10,
	11, 11, 12, 12, 13, 13];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

function reverse(code, bits) {
	let result = 0;

	for (let i = 0; i < bits; i++)
		result |= (code >> i & 1) << (bits - 1 - i);
	return result;
}

// The canonical codes of these lengths (RFC 1951, 3.2.2), reversed as they stand in the stream.
function codesOf(lengths) {
	const next = new Array(17).fill(0), counts = new Array(17).fill(0), codes = [];

	for (const length of lengths)
		counts[length] += length > 0;
	for (let bits = 1; bits < 16; bits++)
		next[bits + 1] = (next[bits] + counts[bits]) << 1;
	lengths.forEach((length, symbol) => {
		codes[symbol] = length > 0 ? reverse(next[length]++, length) : 0;
	});
	return codes;
}

// A table that is indexed by the next `bits` bits; an entry is symbol << 4 | length, 0: no code.
function tableOf(lengths) {
	const bits = Math.max(1, ...lengths), table = new Uint16Array(1 << bits);
	const codes = codesOf(lengths);

	lengths.forEach((length, symbol) => {
		if (length > 0)
			for (let at = codes[symbol]; at < table.length; at += 1 << length)
				table[at] = symbol << 4 | length;
	});
	return { bits, table };
}

const FIXED_LENGTHS = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 :
	i < 280 ? 7 : 8));
const FIXED = [tableOf(FIXED_LENGTHS), tableOf(new Array(30).fill(5))];

class Bits {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
		this.held = 0;
		this.count = 0;
	}

	fill(count) {
		while (this.count < count && this.at < this.bytes.length) {
			this.held |= this.bytes[this.at++] << this.count;
			this.count += 8;
		}
	}

	take(count) {
		const value = (this.fill(count), this.held & (1 << count) - 1);

		if (this.count < count)
			throw new Error('the compressed data end inside a block');
		this.held >>>= count;
		this.count -= count;
		return value;
	}

	symbol({ bits, table }) {
		this.fill(bits);
		const entry = table[this.held & (1 << bits) - 1], length = entry & 15;

		if (length === 0)
			throw new Error('a code that no table has');
		this.take(length);
		return entry >> 4;
	}

	align() {
		this.take(this.count & 7);
	}

	// So many bytes, from a byte's boundary.
	copy(into, at, count) {
		const from = this.at - (this.count >> 3);

		if (from + count > this.bytes.length)
			throw new Error('the compressed data end inside a block');
		this.bytes.copy(into, at, from, from + count);
		this.at = from + count;
		this.held = this.count = 0;
		return count;
	}

	isEmpty() {
		return this.count === 0 && this.at === this.bytes.length;
	}
}

class Inflater {
	// A reference may reach 2^windowBits bytes back; `takeover`: into earlier messages too.
	constructor(windowBits, takeover) {
		this.reach = 1 << windowBits;
		this.takeover = takeover;
		this.out = Buffer.allocUnsafe(1 << 17);
		this.length = 0;               // what is in `out`: the window, then the message
		this.farthest = 0;
	}

	// One message's payload, without its tail; throws what is wrong with it.
	message(payload) {
		const start = this.length;

		this.run(new Bits(Buffer.concat([payload, TAIL])));
		const text = Buffer.from(this.out.subarray(start, this.length));
		const kept = this.takeover ? Math.min(WINDOW, this.length) : 0;

		this.out.copy(this.out, 0, this.length - kept, this.length);
		this.length = kept;
		return text;
	}

	// What a final block leaves of its last byte is padding (RFC 7692, 7.2.3.4).
	run(bits) {
		while (!bits.isEmpty()) {
			const final = bits.take(1), type = bits.take(2);

			if (type === 0)
				this.stored(bits);
			else if (type === 1)
				this.compressed(bits, FIXED);
			else if (type === 2)
				this.compressed(bits, this.tables(bits));
			else
				throw new Error('a block of the reserved type 3');
			if (final)
				bits.align();
		}
	}

	reserve(count) {
		if (this.length + count > this.out.length) {
			const larger = Buffer.allocUnsafe((this.out.length + count) * 2);

			this.out.copy(larger, 0, 0, this.length);
			this.out = larger;
		}
	}

	stored(bits) {
		bits.align();
		const count = bits.take(16), check = bits.take(16);

		if (count !== (check ^ 0xffff))
			throw new Error('a stored block whose length is not confirmed');
		this.reserve(count);
		this.length += bits.copy(this.out, this.length, count);
	}

	tables(bits) {
		const literals = bits.take(5) + 257, distances = bits.take(5) + 1;
		const count = bits.take(4) + 4, lengths = new Array(19).fill(0), all = [];

		for (let i = 0; i < count; i++)
			lengths[ORDER[i]] = bits.take(3);
		const table = tableOf(lengths);
		while (all.length < literals + distances) {
			const symbol = bits.symbol(table);

			if (symbol < 16)
				all.push(symbol);
			else if (symbol === 16)
				all.push(...new Array(3 + bits.take(2)).fill(all.at(-1)));
			else
				all.push(...new Array(symbol === 17 ? 3 + bits.take(3) :
					11 + bits.take(7)).fill(0));
		}
		return [tableOf(all.slice(0, literals)), tableOf(all.slice(literals))];
	}

	compressed(bits, [literals, distances]) {
		for (;;) {
			const symbol = bits.symbol(literals);

			this.reserve(258);
			if (symbol < 256) {
				this.out[this.length++] = symbol;
			} else if (symbol === 256) {
				return;
			} else {
				const length = LENGTHS[symbol - 257] +
					bits.take(LENGTH_BITS[symbol - 257]);
				const which = bits.symbol(distances);

				this.copy(length,
					DISTANCES[which] + bits.take(DISTANCE_BITS[which]));
			}
		}
	}

	copy(length, distance) {
		if (distance > this.reach)
			throw new Error(`a reference ${distance} bytes back, the window has ` +
				this.reach);
		if (distance > this.length)
			throw new Error(`a reference ${distance} bytes back, before the beginning`);
		this.farthest = Math.max(this.farthest, distance);
		for (let i = 0; i < length; i++, this.length++)
			this.out[this.length] = this.out[this.length - distance];
	}
}

class Deflater {
	constructor(windowBits, takeover) {
		// zlib has no raw window of 8 bits; in that of 9 it never refers farther back
		// than 250.
		this.bits = Math.max(windowBits, 9);
		this.takeover = takeover;
		this.window = Buffer.alloc(0);
	}

	// One message's payload, without its tail.
	message(data, options = {}) {
		const dictionary = this.window.length > 0 ? { dictionary: this.window } : {};
		const out = zlib.deflateRawSync(data, {
			windowBits: this.bits, finishFlush: zlib.constants.Z_SYNC_FLUSH,
			...dictionary, ...options,
		});

		this.said(data);
		return data.length > 0 ? out.subarray(0, -4) : Buffer.from([0]);
	}

	// Takes note of text that was sent in a payload made elsewhere.
	said(data) {
		if (!this.takeover)
			return;
		const said = Buffer.concat([this.window, data]);

		this.window = said.subarray(-(1 << this.bits));
	}
}

// --- payloads from tokens ------------------------------------------------------------------------

class Writer {
	constructor() {
		this.bytes = [];
		this.held = 0;
		this.count = 0;
	}

	put(value, count) {
		for (let i = 0; i < count; i++) {
			this.held |= (value >> i & 1) << this.count;
			if (++this.count === 8)
				this.align();
		}
	}

	align() {
		if (this.count > 0)
			this.bytes.push(this.held);
		this.held = this.count = 0;
	}
}

const FIXED_CODES = codesOf(FIXED_LENGTHS);

function putSymbol(writer, symbol) {
	writer.put(FIXED_CODES[symbol], FIXED_LENGTHS[symbol]);
}

function putReference(writer, { length, distance }) {
	const l = LENGTHS.findLastIndex((base) => base <= length);
	const d = DISTANCES.findLastIndex((base) => base <= distance);

	putSymbol(writer, 257 + l);
	writer.put(length - LENGTHS[l], LENGTH_BITS[l]);
	writer.put(reverse(d, 5), 5);
	writer.put(distance - DISTANCES[d], DISTANCE_BITS[d]);
}

// A payload of one block with fixed codes: tokens are Buffers (literals) or {length, distance}.
// It ends as a flush does, less the tail.
function fixedBlock(tokens) {
	const writer = new Writer();

	writer.put(0, 1);
	writer.put(1, 2);
	for (const token of tokens) {
		if (Buffer.isBuffer(token))
			token.forEach((byte) => putSymbol(writer, byte));
		else
			putReference(writer, token);
	}
	putSymbol(writer, 256);
	writer.put(0, 3);
	writer.align();
	return Buffer.from(writer.bytes);
}

module.exports = { Inflater, Deflater, fixedBlock };
