/** Sizes that a peer sends, without overflow: every product stays below 2^53 or is refused. */

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
