/** Sizes that a peer sends, without overflow: products are 64-bit and wider, and what no field can hold is refused. */

/** Octets of a line: width × bpp, rounded up to octets, no padding (there is no stride field). */
export const pitch = (width: number, bpp: number): bigint =>
	(BigInt(width) * BigInt(bpp) + 7n) / 8n;

/** Octets of a picture. */
export const pictureOctets = (
	width: number,
	height: number,
	bpp: number,
): bigint => pitch(width, bpp) * BigInt(height);

/** Whether a picture that begins at data_ofs ends within so many octets. */
export const fits = (
	data_ofs: number,
	width: number,
	height: number,
	bpp: number,
	octets: number,
): boolean =>
	BigInt(data_ofs) + pictureOctets(width, height, bpp) <= BigInt(octets);

export type BufferSize =
	| { ok: true; buffer_sz: number }
	| { ok: false; reason: string };

/** The smallest buffer_sz for a picture that begins at data_ofs. A field of 32 bits cannot ask for every picture. */
export function bufferSize(
	data_ofs: number,
	width: number,
	height: number,
	bpp: number,
): BufferSize {
	const octets = BigInt(data_ofs) + pictureOctets(width, height, bpp);
	if (octets === 0n) return { ok: false, reason: "the picture has no octets" };
	return octets <= 0xffff_ffffn
		? { ok: true, buffer_sz: Number(octets) }
		: { ok: false, reason: `${octets} octets do not fit buffer_sz` };
}
