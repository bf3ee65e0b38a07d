// data.js: payloads, the same in every run.
'use strict';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// Letters, 64 of them in a row: valid text of any size.
function letters(size) {
	return Buffer.alloc(size, ALPHABET);
}

// Bytes of every value.
function pattern(size) {
	return Buffer.alloc(size, Buffer.from(Array.from({ length: 256 }, (_, i) => i ^ 0xaa)));
}

// Bytes that do not compress, by xorshift.
function noise(size, seed = 1) {
	const bytes = Buffer.alloc(size);
	let state = seed * 2654435761 >>> 0 || 1;

	for (let i = 0; i < size; i++) {
		state ^= state << 13;
		state >>>= 0;
		state ^= state >>> 17;
		state ^= state << 5;
		state >>>= 0;
		bytes[i] = state >>> 11;
	}
	return bytes;
}

// Text of several scripts, with characters of 1 to 4 bytes.
const text = 'Hello-µ@ßöäüàá-UTF-8!! κόσμε Привет 世界 こんにちは 𐍈𝄞 ὕαλον ϕαγεῖν 😀\n';

function words(size) {
	return whole(Buffer.alloc(size, text));
}

// The longest part of UTF-8 bytes that ends with a character.
function whole(bytes) {
	let end = bytes.length;

	while (end > 0 && bytes[end - 1] >> 6 === 2)
		end--;
	if (end === 0 || bytes[end - 1] < 0x80)
		return bytes;
	const lead = bytes[end - 1], more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;

	return bytes.length - end === more ? bytes : bytes.subarray(0, end - 1);
}

// JSON as servers send it: many keys repeated, few values the same.
function json(size) {
	const rows = [];
	let length = 0;

	for (let i = 0; length < size; i++) {
		const row = JSON.stringify({ id: i, user: `user${i % 17}`, score: i * 7919 % 1000,
			tags: ['alpha', 'beta'], text: 'the quick brown fox' });

		rows.push(row);
		length += row.length + 1;
	}
	return Buffer.from(rows.join(',')).subarray(0, size);
}

module.exports = { letters, pattern, noise, text, words, json };
