import { expect, test } from "vitest";
import { frontendPath } from "../../src/peer/toolstack.ts";
import { FE, Script, Stage } from "./frontend-stage.ts";

const F = frontendPath(FE, 0);

test("a frontend connects when its backend is ready, and gives everything back", () => {
	const stage = new Stage();
	stage.play(function* () {
		const be = new Script(stage);
		expect(yield* stage.does("bind", { dev: 0 })).toEqual({ status: 0 });
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("1");
		yield* be.invite();
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("3");
		expect(yield* stage.node(`${F}/version`)).toBe("2");
		yield* be.attach();
		yield* be.state(4);
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("4");
		const create = stage.start("gem.create", {
			dev: 0,
			object: "A",
			width: 64,
			height: 64,
			bpp: 32,
			size: 16384,
		});
		const request = yield* be.take();
		expect(request).toMatchObject({
			operation: "DBUF_CREATE",
			strays: [],
			body: { width: 64, buffer_sz: 16384, flags: 0 },
		});
		if (request.operation !== "DBUF_CREATE") return;
		expect(yield* be.mapBuffer(request.body.gref_directory, 4)).toHaveLength(4);
		yield* be.answer(request);
		expect(yield* stage.join(create)).toEqual({
			status: 0,
			cookie: request.body.dbuf_cookie,
		});
		const close = stage.start("gem.close", { dev: 0, object: "A" });
		const destroy = yield* be.take();
		yield* be.unmap();
		yield* be.answer(destroy);
		expect(yield* stage.join(close)).toEqual({ status: 0 });
		const unbind = stage.start("unbind", { dev: 0 });
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("5");
		yield* be.letGo();
		expect(yield* stage.join(unbind)).toEqual({ status: 0 });
		expect(yield* stage.frontState()).toBe("6");
		expect(yield* stage.node(`${F}/version`)).toBeUndefined();
		expect(yield* stage.node(`${F}/0/req-ring-ref`)).toBeUndefined();
		yield* stage.rest();
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
});
