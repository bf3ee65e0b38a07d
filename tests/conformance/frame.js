// frame.js: WebSocket frames (RFC 6455, 5.2): makes those of a server, also wrong ones, and reads
// those of a client strictly.
'use strict';

const TEXT = 1, BINARY = 2, CONTINUATION = 0, CLOSE = 8, PING = 9, PONG = 10;
const NAMES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

function nameOf(opcode) {
	return NAMES[opcode] ?? `opcode ${opcode}`;
}

// The length field: `wide` forces 16 or 64 bits, whether or not they are needed.
function lengthField(length, wide = 0) {
	if (length < 126 && wide === 0)
		return Buffer.from([length]);
	if (length < 65536 && wide < 64) {
		const field = Buffer.from([126, 0, 0]);

		field.writeUInt16BE(length, 1);
		return field;
	}
	const field = Buffer.alloc(9, 127);
	field.writeBigUInt64BE(BigInt(length), 1);
	return field;
}

// `length` may lie about the payload; `rsv` is 4 for RSV1, 2 for RSV2, 1 for RSV3.
function frame(opcode, payload = '', { fin = true, rsv = 0, mask, length, wide } = {}) {
	const data = Buffer.from(payload), field = lengthField(length ?? data.length, wide);

	field[0] |= mask ? 0x80 : 0;
	return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | rsv << 4 | opcode]), field,
		mask ?? Buffer.alloc(0), mask ? masked(data, mask) : data]);
}

// A message in frames of at most `size` bytes; `rsv` stands in the first alone.
function fragments(opcode, payload, size, rsv = 0) {
	const data = Buffer.from(payload), frames = [];
	let at = 0;

	do {
		const piece = data.subarray(at, at + size);

		at += size;
		frames.push(frame(frames.length > 0 ? CONTINUATION : opcode, piece,
			{ fin: at >= data.length, rsv: frames.length > 0 ? 0 : rsv }));
	} while (at < data.length);
	return frames;
}

function closeFrame(code, reason = '') {
	const head = Buffer.alloc(code === undefined ? 0 : 2);
	const payload = Buffer.concat([head, Buffer.from(reason)]);

	if (code !== undefined)
		payload.writeUInt16BE(code);
	return frame(CLOSE, payload);
}

function masked(data, mask) {
	const result = Buffer.from(data), words = result.length & ~3;

	for (let i = 0; i < words; i += 4) {
		result[i] ^= mask[0];
		result[i + 1] ^= mask[1];
		result[i + 2] ^= mask[2];
		result[i + 3] ^= mask[3];
	}
	for (let i = words; i < result.length; i++)
		result[i] ^= mask[i & 3];
	return result;
}

// Cuts a stream of bytes into frames: { fin, rsv, opcode, payload }, unmasked. What a client may
// not do with a single frame makes next() throw.
class FrameReader {
	constructor() {
		this.chunks = [];
		this.size = 0;
		this.need = 2;
	}

	add(chunk) {
		this.chunks.push(chunk);
		this.size += chunk.length;
	}

	join() {
		if (this.chunks.length > 1)
			this.chunks = [Buffer.concat(this.chunks)];
		return this.chunks[0];
	}

	// The next frame, or null when it is not all there.
	next() {
		if (this.size < this.need)
			return null;
		const bytes = this.join(), short = bytes[1] & 0x7f;
		const head = 6 + (short < 126 ? 0 : short === 126 ? 2 : 8);

		if ((bytes[1] & 0x80) === 0)
			throw new Error(`an unmasked ${nameOf(bytes[0] & 15)} frame`);
		this.need = head;
		if (this.size < head)
			return null;
		const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) :
			Number(bytes.readBigUInt64BE(2));
		check(bytes, short, length);
		this.need = head + length;
		if (this.size < this.need)
			return null;
		return this.take(bytes, head, length);
	}

	take(bytes, head, length) {
		const payload = masked(bytes.subarray(head, head + length),
			bytes.subarray(head - 4, head));

		this.chunks = [bytes.subarray(head + length)];
		this.size -= head + length;
		this.need = 2;
		return { fin: bytes[0] >= 0x80, rsv: bytes[0] >> 4 & 7, opcode: bytes[0] & 15,
			payload };
	}
}

function check(bytes, short, length) {
	const opcode = bytes[0] & 15, name = nameOf(opcode);

	if (length > 64 << 20)
		throw new Error(`a ${name} frame of ${length} bytes`);
	if ((short === 126 && length < 126) || (short === 127 && length < 65536))
		throw new Error(`a ${name} frame of ${length} bytes ` +
			'whose length field is too long');
	if (!(opcode in NAMES))
		throw new Error(`a frame of the reserved ${name}`);
	if (opcode >= 8 && (length > 125 || bytes[0] < 0x80))
		throw new Error(`a ${name} frame that is long or fragmented`);
	if ((bytes[0] & 0x30) !== 0 || (opcode >= 8 && (bytes[0] & 0x40) !== 0))
		throw new Error(`a ${name} frame with reserved bits`);
}

module.exports = {
	TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG, nameOf, frame, fragments, closeFrame, masked,
	FrameReader,
};
