/** Permission lists: docs/misc/xenstore.txt, SET_PERMS. The first entry is the owner, with everybody else's right. */

export const READ = 1;
export const WRITE = 2;
export const OWNER = 4;
const ALL = READ | WRITE | OWNER;

/** In a list: whoever asks. c423 only. */
export const DOMID_ANY = 0x7ff5;

const LETTERS = ["n", "r", "w", "b"] as const;

export interface Perm {
	readonly domid: number;
	/** READ and WRITE bits. */
	readonly rights: number;
	/** Written for a domain that did not exist then, or does no more: shown, without effect. */
	readonly ignored: boolean;
}
export type Perms = readonly Perm[];

export const perm = (domid: number, rights: number): Perm => ({
	domid,
	rights,
	ignored: false,
});

/** C's strtol with base 0, to the end of the text. */
const NUMBER = /^[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;
const LONG_MAX = 2n ** 63n - 1n;

function strtol(text: string): bigint | undefined {
	const [, sign, digits] = NUMBER.exec(text) ?? [];
	if (digits === undefined) return undefined;
	const octal = /^0[0-7]/.test(digits);
	const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
	if (sign === "-") return -(value > LONG_MAX + 1n ? LONG_MAX + 1n : value);
	return value > LONG_MAX ? LONG_MAX : value;
}

/** `r5`, `n0`; undefined when it is not an entry. */
export function parsePerm(text: string): Perm | undefined {
	const rights = LETTERS.indexOf(text[0] as (typeof LETTERS)[number]);
	const domid = strtol(text.slice(1));
	if (rights < 0 || domid === undefined) return undefined;
	return perm(Number(BigInt.asUintN(32, domid)), rights);
}

export const formatPerm = ({ rights, domid }: Perm): string =>
	`${LETTERS[rights]}${domid | 0}`;

/**
 * What a domain may do. `self` and `target` are its own number and that of the domain it acts for. First match counts; the owner may do
 * everything.
 */
export function rightsOf(
	perms: Perms,
	self: number,
	target: number | undefined,
): number {
	const matches = ({ domid }: Perm) =>
		domid === self || domid === target || domid === DOMID_ANY;
	const owner = perms[0] as Perm;
	if (matches(owner)) return ALL;
	for (let i = 1; i < perms.length; i++) {
		const entry = perms[i] as Perm;
		if (!entry.ignored && matches(entry)) return entry.rights;
	}
	return owner.rights;
}
