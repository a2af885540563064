import { expect, it } from "vitest";
import { ERRNO, errnoName, errnoNumber, statusText } from "./errno.ts";

it("names a number with or without its sign", () => {
	expect(errnoName(-22)).toBe("EINVAL");
	expect(errnoName(22)).toBe("EINVAL");
	expect(errnoName(-200)).toBeUndefined();
	expect(errnoName(0)).toBeUndefined();
});

it("gives every name back for its number", () => {
	for (const name of Object.keys(ERRNO) as (keyof typeof ERRNO)[])
		expect(errnoName(-errnoNumber(name))).toBe(name);
});

it("tells a status as reports do", () => {
	expect(statusText(0)).toBe("ok");
	expect(statusText(-22)).toBe("-EINVAL");
	expect(statusText(-200)).toBe("-200");
	expect(statusText(22)).toBe("22");
});
