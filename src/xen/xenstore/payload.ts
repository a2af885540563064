/** What a request's payload holds, read as the C daemons read it. */

/** The strings that end with a NUL; what follows the last one is not looked at. */
export function strings(payload: string): string[] {
	const all = payload.split("\0");
	all.pop();
	return all;
}

/** The only argument: exactly one NUL, at the end. */
export function oneArgument(payload: string): string | undefined {
	return payload.length > 0 && payload.indexOf("\0") === payload.length - 1
		? payload.slice(0, -1)
		: undefined;
}

const LONG_MAX = 2n ** 63n - 1n;

/** C's atoi(), an int: what digits there are, cut to 32 bits. */
export function atoi(text: string): number {
	const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+)/.exec(text) ?? [];
	if (digits === undefined) return 0;
	const value = BigInt(digits);
	const clamped = value > LONG_MAX ? LONG_MAX : value;
	return Number(BigInt.asIntN(32, sign === "-" ? -clamped : clamped));
}

/** A domain number: decimal digits to the end of the text, at most 65535; "" is 0. */
export function strictDomid(text: string): number | undefined {
	const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+)$/.exec(text) ?? [];
	if (digits === undefined) return text === "" ? 0 : undefined;
	const value = Number(digits);
	return value <= 65535 && (sign !== "-" || value === 0) ? value : undefined;
}
