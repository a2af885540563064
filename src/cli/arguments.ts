/** Arguments of options, read for commander. */
import { InvalidArgumentError } from "commander";

export const whole = (low: number, high: number) => (text: string) => {
	const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
	if (!(value >= low && value <= high))
		throw new InvalidArgumentError(
			`a whole number from ${low} to ${high} is needed.`,
		);
	return value;
};

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

export const duration = (text: string) => {
	const [, number, unit] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
	if (number === undefined)
		throw new InvalidArgumentError("a time such as 90s, 10m or 2h is needed.");
	return Number(number) * SECONDS[unit as keyof typeof SECONDS] * 1000;
};

export const shard = (text: string): [number, number] => {
	const [, part, parts] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
	const shards: [number, number] = [Number(part), Number(parts)];
	if (!(shards[0] >= 1 && shards[0] <= shards[1]))
		throw new InvalidArgumentError("a part of the whole is needed, e.g. 1/4.");
	return shards;
};

export const collect = (text: string, before: string[] = []) => [
	...before,
	text,
];
