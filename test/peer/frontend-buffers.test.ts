import { expect, test } from "vitest";
import { fourcc } from "../../src/displif/format.ts";
import type { Request, RequestOf } from "../../src/displif/packet.ts";
import { Buffers } from "../../src/peer/frontend/buffers.ts";
import { Pages } from "../../src/peer/frontend/pages.ts";
import { frontend } from "../../src/peer/frontend.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import { device, Script, Stage } from "./frontend-stage.ts";

const EIO = -5;
const ENOMEM = -12;
const EBUSY = -16;
const ENOSPC = -28;
const EOPNOTSUPP = -95;
const ETIMEDOUT = -110;

const A = {
	dev: 0,
	object: "A",
	width: 64,
	height: 64,
	bpp: 32,
	size: 4 * 4096,
};
const beAlloc = { devices: [device({ beAlloc: "1" })] };

const create = (request: Request): RequestOf<"DBUF_CREATE"> => {
	if (request.operation !== "DBUF_CREATE")
		throw new Error(`${request.operation} came instead`);
	return request;
};

/** A connected pair, taken down in order, with nothing left and no rule broken. */
function connected(
	stage: Stage,
	script: (be: Script) => Turns,
	options: { versions?: string; letsGo?: boolean } = {},
): void {
	stage.play(function* () {
		const be = new Script(stage);
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect(options.versions ?? "1,2");
		yield* script(be);
		const unbind = stage.start("unbind", { dev: 0 });
		yield* stage.idle();
		if (options.letsGo ?? true) yield* be.letGo();
		yield* stage.join(unbind);
		yield* stage.rest();
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
}

test.each([1, 2, 1023, 1024, 2047])(
	"the frontend's own %i pages, one grant each, in a chain of full directory pages",
	(pages) => {
		const stage = new Stage();
		connected(stage, function* (be) {
			const task = stage.start("gem.create", {
				...A,
				size: (pages - 1) * 4096 + 4,
				width: 1,
				height: 1,
			});
			const request = create(yield* be.take());
			const gfns = yield* be.mapBuffer(request.body.gref_directory, pages);
			expect(gfns).toHaveLength(pages);
			yield* be.unmap();
			yield* be.answer(request);
			expect((yield* stage.join(task)).status).toBe(0);
			const close = stage.start("gem.close", { dev: 0, object: "A" });
			yield* be.serve();
			expect((yield* stage.join(close)).status).toBe(0);
		});
	},
);

test.each([1, 1023, 2047])(
	"%i pages of the backend are mapped over balloon pages and unmapped before the destroy",
	(pages) => {
		const stage = new Stage(beAlloc);
		connected(stage, function* (be) {
			const task = stage.start("gem.create", {
				...A,
				width: 1,
				height: 1,
				size: pages * 4096,
			});
			const request = create(yield* be.take());
			expect(request.body.flags).toBe(1);
			yield* be.allocate(request.body.gref_directory, pages);
			yield* be.answer(request);
			expect((yield* stage.join(task)).status).toBe(0);
			expect(stage.held()).toMatchObject({
				mapping: pages,
				"balloon page": pages,
			});
			const close = stage.start("gem.close", { dev: 0, object: "A" });
			const destroy = yield* be.take();
			expect(destroy.operation).toBe("DBUF_DESTROY");
			expect(stage.held().mapped).toBeUndefined();
			yield* be.answer(destroy);
			expect((yield* stage.join(close)).status).toBe(0);
		});
	},
);

test.each([1, 3])(
	"a balloon that refuses page %i makes the create fail with nothing sent and nothing lost",
	(nth) => {
		const stage = new Stage(beAlloc);
		connected(stage, function* () {
			const before = stage.held();
			stage.fault("balloon.take", nth, ENOMEM);
			expect(yield* stage.does("gem.create", A)).toEqual({ status: ENOMEM });
			expect(stage.held()).toEqual(before);
		});
	},
);

test("a reserved reference in the backend's directory is not mapped, and the buffer is destroyed again", () => {
	const stage = new Stage(beAlloc);
	connected(stage, function* (be) {
		const task = stage.start("gem.create", A);
		const request = create(yield* be.take());
		yield* be.list(request.body.gref_directory, [9, 8, 7, 9]);
		yield* be.answer(request);
		expect(yield* be.serve()).toMatchObject({
			operation: "DBUF_DESTROY",
			body: { dbuf_cookie: request.body.dbuf_cookie },
		});
		expect(yield* stage.join(task)).toEqual({ status: EIO });
	});
});

test("a page that cannot be mapped undoes exactly those that were", () => {
	const stage = new Stage(beAlloc);
	connected(stage, function* (be) {
		const before = stage.held();
		const task = stage.start("gem.create", A);
		const request = create(yield* be.take());
		yield* be.allocate(request.body.gref_directory, 4);
		stage.fault("grant.map", 3, -1);
		yield* be.answer(request);
		yield* be.serve();
		expect(yield* stage.join(task)).toEqual({ status: EIO });
		expect(stage.held()).toEqual(before);
	});
});

test.each([
	[ENOMEM, ENOMEM],
	[22, EIO],
])(
	"a create answered %i fails with %i and leaves nothing",
	(answered, told) => {
		const stage = new Stage();
		connected(stage, function* (be) {
			const before = stage.held();
			const task = stage.start("gem.create", A);
			yield* be.serve(answered);
			expect(yield* stage.join(task)).toEqual({ status: told });
			expect(stage.held()).toEqual(before);
		});
	},
);

test("a create that is not answered keeps its pages until the late answer, and is then destroyed", () => {
	const stage = new Stage();
	connected(stage, function* (be) {
		const before = stage.held();
		const task = stage.start("gem.create", A);
		const request = create(yield* be.take());
		yield* be.mapBuffer(request.body.gref_directory, 4);
		expect(yield* stage.join(task)).toEqual({ status: ETIMEDOUT });
		expect(stage.held()).toEqual({
			...before,
			page: 7,
			grant: 7,
			reference: 7,
			"open entries": 7,
			claimed: 7,
		});
		yield* be.answer(request);
		const destroy = yield* be.take();
		expect(destroy).toMatchObject({
			operation: "DBUF_DESTROY",
			body: { dbuf_cookie: request.body.dbuf_cookie },
		});
		yield* be.unmap();
		yield* be.answer(destroy);
		yield* stage.idle();
		expect(stage.held()).toEqual(before);
	});
});

test("a create refused too late is given back at once", () => {
	const stage = new Stage();
	connected(stage, function* (be) {
		const before = stage.held();
		const task = stage.start("gem.create", A);
		const request = yield* be.take();
		yield* stage.join(task);
		yield* be.answer(request, ENOSPC);
		yield* stage.idle();
		expect(stage.held()).toEqual(before);
	});
});

test("without any answer the pages come back when the backend has let go", () => {
	const stage = new Stage();
	connected(stage, function* (be) {
		const task = stage.start("gem.create", A);
		yield* be.take();
		expect((yield* stage.join(task)).status).toBe(ETIMEDOUT);
	});
});

test("a refused destroy leaves an object that can be closed again", () => {
	const stage = new Stage();
	connected(stage, function* (be) {
		const task = stage.start("gem.create", A);
		yield* be.serve();
		yield* stage.join(task);
		for (const status of [EBUSY, 0]) {
			const close = stage.start("gem.close", { dev: 0, object: "A" });
			yield* be.serve(status);
			expect(yield* stage.join(close)).toEqual({ status });
		}
		expect(
			(yield* stage.does("gem.close", { dev: 0, object: "A" })).status,
		).toBe(-2);
	});
});

test.each([0, EBUSY])(
	"a destroy answered %i too late frees its pages only when the backend has let go",
	(late) => {
		const stage = new Stage();
		connected(stage, function* (be) {
			const before = stage.held();
			const task = stage.start("gem.create", A);
			const request = create(yield* be.take());
			yield* be.mapBuffer(request.body.gref_directory, 4);
			yield* be.answer(request);
			yield* stage.join(task);
			const close = stage.start("gem.close", { dev: 0, object: "A" });
			const destroy = yield* be.take();
			expect(yield* stage.join(close)).toEqual({ status: ETIMEDOUT });
			expect(stage.held().page).toBe(7);
			if (late === 0) yield* be.unmap();
			yield* be.answer(destroy, late);
			if (late !== 0) {
				const again = yield* be.take();
				yield* be.unmap();
				yield* be.answer(again);
			}
			yield* stage.idle();
			expect(stage.held()).toEqual(before);
		});
	},
);

test("a backend that says it is done while it still maps pages keeps them until it unmaps", () => {
	const stage = new Stage();
	connected(stage, function* (be) {
		const before = stage.held();
		const task = stage.start("gem.create", A);
		const request = create(yield* be.take());
		yield* be.mapBuffer(request.body.gref_directory, 4);
		yield* be.answer(request);
		yield* stage.join(task);
		const close = stage.start("gem.close", { dev: 0, object: "A" });
		yield* be.serve();
		expect((yield* stage.join(close)).status).toBe(0);
		expect(stage.held()).toMatchObject({ page: 7, grant: 7 });
		yield* stage.sleep(5000);
		yield* be.unmap();
		yield* stage.sleep(5000);
		expect(stage.held()).toEqual(before);
	});
});

test("an import carries its offset under version 2 and is refused unsent where that cannot be", () => {
	const stage = new Stage();
	const args = { dev: 0, object: "I", size: 8192, offset: 512 };
	connected(stage, function* (be) {
		const task = stage.start("prime.import", args);
		const request = yield* be.serve();
		expect(request).toMatchObject({
			strays: [],
			body: { width: 0, height: 0, bpp: 0, buffer_sz: 8192, data_ofs: 512 },
		});
		expect((yield* stage.join(task)).status).toBe(0);
	});
	for (const [options, versions] of [
		[{}, "1"],
		[beAlloc, "1,2"],
	] as const) {
		const other = new Stage(options);
		connected(
			other,
			function* () {
				expect(yield* other.does("prime.import", args)).toEqual({
					status: EOPNOTSUPP,
				});
			},
			{ versions },
		);
	}
});

test("requests in slots that were used before carry nothing of what was there", () => {
	const stage = new Stage();
	connected(stage, function* (be) {
		const task = stage.start("gem.create", A);
		yield* be.serve();
		yield* stage.join(task);
		const garbage = new Uint32Array(16).fill(0xffffffff);
		for (let i = 0; i < 40; i++) {
			const attach = stage.start("fb.create", {
				dev: 0,
				framebuffer: `f${i}`,
				object: "A",
				width: 64,
				height: 64,
				format: fourcc("AR24"),
			});
			const request = yield* be.take();
			expect(request.strays).toEqual([]);
			garbage[0] = request.id | (request.code << 16);
			garbage[1] = 0;
			yield* be.respond(garbage);
			expect((yield* stage.join(attach)).status).toBe(0);
		}
		const other = stage.start("gem.create", { ...A, object: "B" });
		expect(yield* be.serve()).toMatchObject({ strays: [], body: { flags: 0 } });
		yield* stage.join(other);
	});
});

test("the hypervisor's answer to each call of a create may be no: nothing is lost", () => {
	for (const mode of ["0", "1"])
		for (const at of [
			"page.alloc",
			"grant.reserve",
			"grant.claim",
			"grant.access",
			"object.make",
			"balloon.take",
		] as const)
			for (let nth = 1; nth <= 6; nth++) {
				const stage = new Stage({ devices: [device({ beAlloc: mode })] });
				connected(stage, function* (be) {
					const before = stage.held();
					stage.fault(at, nth, ENOMEM);
					const task = stage.start("gem.create", A);
					yield* stage.idle();
					if (task.state === "runnable") {
						const request = create(yield* be.take());
						if (mode === "1")
							yield* be.allocate(request.body.gref_directory, 4);
						yield* be.answer(request, mode === "1" ? 0 : ENOMEM);
					}
					const { status } = yield* stage.join(task);
					if (status < 0) expect(stage.held(), `${at} ${nth}`).toEqual(before);
				});
			}
});

test("wrong ones are the reference with one method overridden: what v1 of the patch and the merged driver lose is seen", () => {
	class V1 extends Buffers {
		protected override *abandon(gem: Parameters<Buffers["free"]>[0]): Turns {
			yield* this.pages.giveBalloonPages(gem.dbuf.backendPages);
		}
	}
	class Merged extends Buffers {
		protected override *abandon(gem: Parameters<Buffers["free"]>[0]): Turns {
			yield* this.pages.giveBalloonPages(gem.dbuf.backendPages);
			yield* ask("object.drop", { object: gem.array });
		}
	}
	for (const [Wrong, lost] of [
		[V1, ["1 gem-object", "1 page-array"]],
		[Merged, ["1 gem-object"]],
	] as const) {
		const stage = new Stage({
			...beAlloc,
			make: (context) => frontend(context, { Buffers: Wrong }),
		});
		stage.play(function* () {
			const be = new Script(stage);
			yield* stage.does("bind", { dev: 0 });
			yield* be.connect();
			stage.fault("balloon.take", 1, ENOMEM);
			yield* stage.does("gem.create", A);
			const unbind = stage.start("unbind", { dev: 0 });
			yield* stage.idle();
			yield* be.letGo();
			yield* stage.join(unbind);
		});
		const findings = stage.findings();
		expect(findings).toHaveLength(lost.length);
		for (const [i, what] of lost.entries()) expect(findings[i]).toContain(what);
	}
});

test("a page freed while the backend maps it is the mark of a driver that does not look at grant.end", () => {
	class Careless extends Pages {
		override *endGrant(ref: number): Turns<boolean> {
			yield* ask("grant.end", { ref });
			return true;
		}
	}
	const stage = new Stage({
		make: (context) => frontend(context, { Pages: Careless }),
	});
	stage.play(function* () {
		const be = new Script(stage);
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		const task = stage.start("gem.create", A);
		const request = create(yield* be.take());
		yield* be.mapBuffer(request.body.gref_directory, 4);
		yield* be.answer(request);
		yield* stage.join(task);
		const close = stage.start("gem.close", { dev: 0, object: "A" });
		yield* be.serve();
		yield* stage.join(close);
	});
	expect(stage.findings().some((f) => f.startsWith("page-lifetime"))).toBe(
		true,
	);
});
