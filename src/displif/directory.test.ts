import { expect, it } from "vitest";
import {
	bufferPages,
	buildDirectory,
	directoryPages,
	walkDirectory,
} from "./directory.ts";

const grefs = (count: number) =>
	Uint32Array.from({ length: count }, (_, i) => 100 + i);
/** Finds pages by the references 9, 10, 11, … and counts how often it was asked. */
function chain(pages: readonly Uint32Array[]) {
	const asked: number[] = [];
	const page = (gref: number) => {
		asked.push(gref);
		return pages[gref - 9];
	};
	return { asked, page };
}

it.each([
	["640x480x32", 640 * 480 * 4, 300, 1],
	["1920x1080x32", 1920 * 1080 * 4, 2025, 2],
	["3840x2160x32", 3840 * 2160 * 4, 8100, 8],
	["one octet", 1, 1, 1],
	["all that buffer_sz can say", 0xffff_ffff, 1_048_576, 1026],
])("counts the pages of %s", (_, octets, pages, directories) => {
	expect(bufferPages(octets)).toBe(pages);
	expect(directoryPages(pages)).toBe(directories);
});

it("fills pages in order, links them, and ends with 0", () => {
	const [first, second] = buildDirectory(grefs(1024), [9, 10]);
	expect(first?.[0]).toBe(10);
	expect(first?.[1]).toBe(100);
	expect(first?.[1023]).toBe(1122);
	expect([...(second ?? []).slice(0, 3)]).toEqual([0, 1123, 0]);
});

it.each([1, 1023, 1024, 2047])("walks what it built: %i pages", (count) => {
	const own = Array.from({ length: directoryPages(count) }, (_, i) => 9 + i);
	const { asked, page } = chain(buildDirectory(grefs(count), own));
	expect(walkDirectory(9, count, page)).toEqual({
		ok: true,
		grefs: grefs(count),
		lastNext: 0,
	});
	expect(asked).toEqual(own);
});

it("ends in a loop after the pages that the buffer needs", () => {
	const [first] = buildDirectory(grefs(1023), [9]);
	if (first === undefined) throw new Error("no page was built");
	first[0] = 9;
	const { asked, page } = chain([first]);
	const walked = walkDirectory(9, 3000, page);
	expect(walked).toMatchObject({ ok: true, lastNext: 9 });
	expect(asked).toEqual([9, 9, 9]);
});

it("says where a chain breaks off", () => {
	const [first] = buildDirectory(grefs(1023), [9]);
	const { page } = chain([first as Uint32Array]);
	expect(walkDirectory(9, 1024, page)).toEqual({
		ok: false,
		page: 1,
		field: "gref_dir_next_page",
		expected: "the grant of directory page 1 of 2",
		got: "0",
	});
	expect(walkDirectory(0, 1, page)).toMatchObject({
		ok: false,
		field: "gref_directory",
		got: "0",
	});
	expect(walkDirectory(77, 1, page)).toMatchObject({ ok: false, got: "77" });
});
