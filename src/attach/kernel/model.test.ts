import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const HOME = new URL("./", import.meta.url);
const model = readFileSync(new URL("MODEL.md", HOME), "utf8");

/** What stands in a row's first cell. */
const listed = new Set(
	[...model.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
		[...(cell as string).matchAll(/`(\w+)`/g)].map(([, name]) => name),
	),
);

/** Functions and macros with arguments that the headers offer a driver. Types, tests of constants and printing have no behaviour to model. */
const PLAIN =
	/^(xk_|__|_|[A-Z0-9_]+$|pr_|dev_|drm_(err|warn|info|dbg)|list_|INIT_LIST_HEAD|ERR_|PTR_ERR|IS_ERR|printk|container_of|offsetof|sizeof_field|likely|unlikely|round_|min|max|clamp|swap|(low|upp)er_32|cpu_to_|le32_|barrier|cpu_relax|static_assert|va_|offset_in_page|dma_(coerce|set)|fourcc_code|to_|lockdep|iosys_map|module_|page_to_|xen_page_|virt_to_gfn|pfn_to_gfn|gfn_to_pfn|free$|if$)/;

function offered(): string[] {
	const names = new Set<string>();
	for (const file of readdirSync(new URL("include/xk/", HOME))) {
		const text = readFileSync(new URL(`include/xk/${file}`, HOME), "utf8");
		for (const [, name] of text.matchAll(/^#define (\w+)\(/gm))
			names.add(name as string);
		for (const [, name] of text.matchAll(
			/^(?:static inline |__\w+\([\d, ]+\) )?(?:const )?(?:unsigned |struct |enum )?\w+ \**(\w+)\([^;{]*[;{]/gm,
		))
			names.add(name as string);
	}
	return [...names].filter((name) => !PLAIN.test(name)).sort();
}

test("each function that the headers offer has a row in MODEL.md", () => {
	const names = offered();
	expect(names.length).toBeGreaterThan(150);
	expect(names.filter((name) => !listed.has(name))).toEqual([]);
});

test("each function that MODEL.md names is offered by a header", () => {
	const headers = readdirSync(new URL("include/xk/", HOME))
		.map((file) => readFileSync(new URL(`include/xk/${file}`, HOME), "utf8"))
		.join("\n");
	const gone = [...listed].filter(
		(name) => !new RegExp(`\\b${name}\\b`).test(headers),
	);
	expect(gone).toEqual([]);
});
