/** The number of single-letter changes, swaps of neighbours counted as one, between two short words; `cap` ends the work early. */
function distance(a: string, b: string, cap: number): number {
	if (Math.abs(a.length - b.length) > cap) return cap + 1;
	let before: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, j) => j);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		let best = i;
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1];
			let value = Math.min(
				(last[j] ?? 0) + 1,
				(row[j - 1] ?? 0) + 1,
				(last[j - 1] ?? 0) + (same ? 0 : 1),
			);
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
				value = Math.min(value, (before[j - 2] ?? 0) + 1);
			row.push(value);
			best = Math.min(best, value);
		}
		if (best > cap) return cap + 1;
		before = last;
		last = row;
	}
	return last[b.length] ?? cap + 1;
}

const plain = (word: string) => word.toLowerCase().replaceAll(/[-_. ]/g, "");

/** The known word nearest to a mistyped one, if it is near enough to be meant. */
export function nearest(
	word: string,
	known: Iterable<string>,
): string | undefined {
	if (word.length > 64) return undefined;
	const cap = word.length <= 3 ? 1 : word.length <= 7 ? 2 : 3;
	let found: string | undefined;
	let least = cap + 1;
	for (const candidate of known) {
		if (plain(candidate) === plain(word)) return candidate;
		const away = distance(word.toLowerCase(), candidate.toLowerCase(), cap);
		if (away < least) {
			least = away;
			found = candidate;
		}
	}
	if (found !== undefined) return found;
	// A part of a longer name: `create` for `gem.create`.
	const parts = [...known].filter((candidate) =>
		candidate.split(/[.-]/).includes(word),
	);
	return parts.length === 1 ? parts[0] : undefined;
}

/** Advice after an unknown word: the nearest one, or all of them when they are few. */
export function advise(word: string, known: Iterable<string>): string {
	const all = [...known];
	const near = nearest(word, all);
	if (near !== undefined) return `did you mean \`${near}\`?`;
	if (all.length === 0) return "nothing is known here";
	const shown = all.slice(0, 24).map((one) => `\`${one}\``);
	return `known: ${shown.join(", ")}${all.length > 24 ? ", …" : ""}`;
}
