/** A wrong backend is the reference with one function replaced; what each of these does wrong is found. */
import { expect, test } from "vitest";
import type { Parts } from "../../src/peer/backend/driver.ts";
import { Link } from "../../src/peer/backend/link.ts";
import { type Mapping, Pages } from "../../src/peer/backend/pages.ts";
import { backend, PARTS } from "../../src/peer/backend.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import { Guest, Harness } from "./harness.ts";

const BYTES = 64 * 64 * 4;

/** Connect, show, flip, take down, remove: what the rules say of a backend with these parts. */
function findings(parts: Partial<Parts>): string[] {
	const harness = new Harness({
		make: (context) => backend(context, parts),
	}).play(function* (harness) {
		const guest = new Guest(harness);
		yield* guest.connect();
		const shared = yield* guest.share(BYTES);
		yield* guest.create(shared, 1n);
		yield* guest.attach(1n, 2n);
		yield* guest.setMode(2n);
		yield* guest.status("PG_FLIP", { fb_cookie: 2n });
		yield* harness.sleep(100);
		yield* guest.off();
		yield* guest.status("FB_DETACH", { fb_cookie: 2n });
		yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n });
		yield* guest.state(5);
		yield* harness.rest();
		yield* harness.remove();
		yield* harness.rest();
		yield* harness.stop();
		yield* harness.rest();
	});
	return harness.findings().map((finding) => finding.split(":")[0] as string);
}

test("the reference itself is clean", () => {
	expect(findings({})).toEqual([]);
});

function* says(status: number): Turns<number> {
	yield* ask("driver.note", { text: `it says ${status}` });
	return status;
}

test.each<[string, Partial<Parts>, string]>([
	[
		"answers a destroy and does not unmap",
		{
			handlers: {
				...PARTS.handlers,
				DBUF_DESTROY({ link }, { dbuf_cookie }) {
					link.buffers.delete(dbuf_cookie);
					return says(0);
				},
			},
		},
		"leak-mappings",
	],
	[
		"answers errors with positive numbers",
		{ handlers: { ...PARTS.handlers, FB_ATTACH: () => says(22) } },
		"status-sign",
	],
	[
		"does not drop what is attached at the end",
		{
			handlers: { ...PARTS.handlers, FB_DETACH: () => says(-16) },
			Link: class extends Link {
				protected override *releaseFramebuffers(): ReturnType<
					Link["releaseFramebuffers"]
				> {
					yield* says(0);
					return new Map();
				}
			},
		},
		"leak-objects",
	],
	[
		"forgets the first page of whatever it unmaps",
		{
			Pages: class extends Pages {
				override *unmap(mappings: Mapping[]): Turns<number> {
					mappings.shift();
					return yield* super.unmap(mappings);
				}
			},
		},
		"leak-mappings",
	],
])("a backend that %s is found out", (_what, parts, rule) => {
	expect(findings(parts)).toContain(rule);
});
