/** What is said to people: standard output, written whole, and signs of life on standard error. */
import { writeSync } from "node:fs";
import { clearLine, cursorTo } from "node:readline";
import type { PlayFlags } from "./playing.ts";
import type { ReportFlags } from "./reporting.ts";

export const out = (text: string): void => {
	// A pipe may be full: synchronous writes keep large reports whole.
	let rest = Buffer.from(text);
	while (rest.length > 0) {
		try {
			rest = rest.subarray(writeSync(1, rest));
		} catch (error) {
			const { code } = error as { code?: string };
			if (code === "EPIPE") process.exit(0);
			if (code !== "EAGAIN") throw error;
		}
	}
};

export const err = (text: string): void => {
	process.stderr.write(text);
};

/** A line now and then on standard error, so that no CI takes a long run for dead. */
export function heartbeat({ quiet }: PlayFlags): { tick(): void } {
	let done = 0;
	let last = Date.now();
	return {
		tick() {
			done += 1;
			if (quiet === true || Date.now() - last < 10_000) return;
			last = Date.now();
			err(`${done} cases done\n`);
		},
	};
}

/** A line that is rewritten on a terminal, and told every ten seconds elsewhere, so that no CI takes a long campaign for dead. */
export function statusLine(quiet: boolean): {
	say(text: string): void;
	end(): void;
} {
	const terminal = process.stderr.isTTY === true;
	let last = Date.now();
	let open = false;
	return {
		say(text) {
			if (quiet || Date.now() - last < (terminal ? 100 : 10_000)) return;
			last = Date.now();
			if (!terminal) {
				err(`${text}\n`);
				return;
			}
			cursorTo(process.stderr, 0);
			err(text.slice(0, (process.stderr.columns ?? 80) - 1));
			clearLine(process.stderr, 1);
			open = true;
		},
		end() {
			if (open) err("\n");
		},
	};
}

/** --color, --no-color > FORCE_COLOR > NO_COLOR > TERM=dumb > is standard output a terminal. */
export function wantsColour({ color }: ReportFlags): boolean {
	if (color !== undefined) return color;
	const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
	if (FORCE_COLOR !== undefined && FORCE_COLOR !== "")
		return FORCE_COLOR !== "0";
	if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
	return TERM !== "dumb" && process.stdout.isTTY === true;
}
