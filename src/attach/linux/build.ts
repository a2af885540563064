/**
 * From a kernel tree to a module: the display frontend's seven files, unchanged, with the fake kernel of src/attach/kernel around them, compiled to WebAssembly
 * into the user's cache. Nothing of the kernel is ours to carry, so what is needed of it is read from the tree that the user names.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceMapOf } from "./lines.ts";

const run = promisify(execFile);

export type Built =
	| {
			ok: true;
			/** The module. Its source map, for `Lines`, has the same name with ".map" after it. */
			wasm: string;
			/** "6.1.192", or "" for a folder that does not say. */
			version: string;
			/** Where the driver's own files lie. */
			sources: string;
	  }
	/** `usage`: there is no such tree. Otherwise a tool is missing, or the driver wants what the fake kernel has not. */
	| { ok: false; message: string; usage: boolean };

/** What cannot be had: becomes the `message` of a Built. */
class Missing extends Error {
	readonly usage: boolean;
	constructor(message: string, usage = false) {
		super(message);
		this.usage = usage;
	}
}

const DRIVER = "drivers/gpu/drm/xen";
const SHBUF = "drivers/xen/xen-front-pgdir-shbuf.c";
/** Headers that are the protocol rather than the kernel: taken from the tree as they are. */
const INTERFACES = [
	"xen/interface/io/displif.h",
	"xen/interface/io/ring.h",
	"xen/interface/io/xenbus.h",
	"xen/interface/grant_table.h",
	"xen/xen-front-pgdir-shbuf.h",
] as const;

/** The kernel's headers that one of ours stands in for. Each of them becomes a file of one line. */
const HEADERS: Readonly<Record<string, string>> = {
	...standIn(
		"base",
		"linux/bitops linux/bug linux/build_bug linux/compiler linux/container_of linux/err linux/errno linux/init linux/kernel linux/kref linux/list linux/minmax linux/module linux/moduleparam linux/printk linux/string linux/types asm/barrier",
	),
	...standIn(
		"wait",
		"linux/atomic linux/completion linux/delay linux/jiffies linux/mutex linux/sched linux/spinlock linux/timer linux/wait linux/workqueue",
	),
	...standIn(
		"memory",
		"linux/device linux/dma-buf linux/dma-mapping linux/gfp linux/iosys-map linux/mm linux/of linux/of_device linux/pfn linux/platform_device linux/scatterlist linux/shmem_fs linux/slab linux/vmalloc",
	),
	...standIn(
		"xen",
		"linux/interrupt linux/irq asm/xen/hypervisor xen/balloon xen/events xen/grant_table xen/page xen/platform_pci xen/xen xen/xenbus",
	),
	...standIn(
		"drm",
		"drm/drm drm/drm_atomic drm/drm_atomic_helper drm/drm_atomic_state_helper drm/drm_connector drm/drm_crtc drm/drm_crtc_helper drm/drm_device drm/drm_drv drm/drm_dumb_buffers drm/drm_fb_helper drm/drm_file drm/drm_fourcc drm/drm_framebuffer drm/drm_gem drm/drm_gem_atomic_helper drm/drm_gem_framebuffer_helper drm/drm_ioctl drm/drm_managed drm/drm_mode_config drm/drm_modes drm/drm_modeset_helper_vtables drm/drm_plane drm/drm_prime drm/drm_print drm/drm_probe_helper drm/drm_simple_kms_helper drm/drm_vblank video/videomode",
	),
	"xen/interface/xen.h": "interface",
};

function standIn(ours: string, theirs: string): Record<string, string> {
	return Object.fromEntries(
		theirs.split(" ").map((name) => [`${name}.h`, ours]),
	);
}

const TOOLS = {
	clang: { package: "clang", names: ["clang", ...numbered("clang")] },
	"wasm-ld": { package: "lld", names: ["wasm-ld", ...numbered("wasm-ld")] },
	"wasm-opt": { package: "binaryen", names: ["wasm-opt"] },
} as const;
type Tool = keyof typeof TOOLS;

function numbered(name: string): string[] {
	return [21, 20, 19, 18, 17, 16, 15, 14].map((n) => `${name}-${n}`);
}

const COMPILE = [
	"--target=wasm32",
	// Whatever else a newer compiler would use by default, an older wasm-opt might not know.
	"-mcpu=mvp",
	"-O2",
	// For lines.ts, which reads no later version.
	"-gline-tables-only",
	"-gdwarf-4",
	"-std=gnu11",
	"-ffreestanding",
	"-nostdinc",
	"-fno-strict-aliasing",
	"-w",
	// Older compilers only warn of what newer ones refuse; the linker would say it anyway, less clearly.
	"-Werror=implicit-function-declaration",
];
/** A call of kernel/runtime/access.c before each load and store. The driver of clang knows this sanitizer not for WebAssembly, its compiler does. */
const HOOKS = [
	"-Xclang",
	"-fsanitize=kernel-address",
	...[
		"-asan-instrumentation-with-call-threshold=0",
		"-asan-stack=0",
		"-asan-globals=0",
		"-asan-opt=0",
	].flatMap((option) => ["-mllvm", option]),
];
/** What stands below the hooks has none, and must not be made into calls of what has some. */
const BELOW = new Set(["core.c", "access.c", "slab.c", "pages.c", "string.c"]);
const LINK = [
	"--no-entry",
	"--export-dynamic",
	"--export=__stack_pointer",
	// Below lies nothing: access.c, NULL_GUARD.
	"--global-base=65536",
	"-z",
	"stack-size=65536",
	// Else it asks that the objects themselves say that they want a mutable global exported.
	"--no-check-features",
];
const ASYNCIFY = [
	"--enable-mutable-globals",
	"--strip-dwarf",
	"--asyncify",
	"--pass-arg=asyncify-imports@xk.call",
	"-O2",
	"-g",
];

/** What follows `linux:`: a kernel tree, a folder with the driver's files, `debian`, or `debian-6.1`. */
export async function buildDriver(spec: string): Promise<Built> {
	try {
		const tools = await findTools();
		const { sources, version } = await theSources(spec);
		const wasm = await compiled(sources, tools);
		return { ok: true, wasm, version, sources };
	} catch (error) {
		if (error instanceof Missing)
			return { ok: false, message: error.message, usage: error.usage };
		throw error;
	}
}

/** $XDG_CACHE_HOME or ~/.cache. */
function cache(...parts: string[]): string {
	const home = process.env.XDG_CACHE_HOME;
	const root =
		home === undefined || home === "" ? join(homedir(), ".cache") : home;
	const path = join(root, "xdisp-check", ...parts);
	mkdirSync(path, { recursive: true });
	return path;
}

/** Fill a folder beside its place and move it there at once: several runs may share the cache. */
async function whole(
	place: string,
	fill: (folder: string) => Promise<void>,
): Promise<void> {
	const folder = mkdtempSync(`${place}.`);
	try {
		await fill(folder);
		if (!existsSync(place)) renameSync(folder, place);
	} catch (error) {
		if (!existsSync(place)) throw error;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

// ---- The tools

interface Found {
	path: string;
	version: string;
}

async function findTools(): Promise<Record<Tool, Found>> {
	const found: Partial<Record<Tool, Found>> = {};
	const missing: Tool[] = [];
	for (const tool of Object.keys(TOOLS) as Tool[]) {
		for (const path of TOOLS[tool].names)
			try {
				const { stdout } = await run(path, ["--version"]);
				found[tool] = { path, version: stdout.trim() };
				break;
			} catch {
				// Not under this name.
			}
		if (found[tool] === undefined) missing.push(tool);
	}
	if (missing.length > 0)
		throw new Missing(
			`the driver is compiled with ${missing.join(" and ")}, which ${missing.length > 1 ? "are" : "is"} not installed; on Debian: apt install ${missing.map((tool) => TOOLS[tool].package).join(" ")}`,
		);
	return found as Record<Tool, Found>;
}

// ---- The sources: a folder of the shape of a kernel tree, with nothing in it but what is needed

interface Sources {
	sources: string;
	version: string;
}

async function theSources(spec: string): Promise<Sources> {
	const sources = /^debian(-[\w.]+)?$/.test(spec)
		? await unpacked(spec)
		: await gathered(resolve(spec), spec);
	return { sources, version: versionOf(sources) };
}

function versionOf(tree: string): string {
	const makefile = join(tree, "Makefile");
	if (!existsSync(makefile)) return "";
	const text = readFileSync(makefile, "utf8");
	const parts = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map(
		(name) => new RegExp(`^${name} *= *(\\d+)`, "m").exec(text)?.[1] ?? "0",
	);
	return `${parts.join(".")}${/^EXTRAVERSION *= *(\S+)/m.exec(text)?.[1] ?? ""}`;
}

const DEBIAN = "/usr/src";

/** The archive of an installed linux-source package: the one that is named, or the newest. */
function archiveOf(spec: string): string {
	const packages = (existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
		.filter((name) => /^linux-source-\d[\w.]*\.tar\.\w+$/.test(name))
		.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
	const wanted = spec.slice("debian-".length);
	const archive =
		wanted === ""
			? packages.at(-1)
			: packages.find((name) => name.startsWith(`linux-source-${wanted}.tar`));
	if (archive !== undefined) return join(DEBIAN, archive);
	const named = wanted === "" ? "linux-source" : `linux-source-${wanted}`;
	throw new Missing(
		`there is no ${join(DEBIAN, wanted === "" ? "linux-source-*" : named)}.tar.xz; on Debian: apt install ${named}`,
		true,
	);
}

async function unpacked(spec: string): Promise<string> {
	const archive = archiveOf(spec);
	const { size, mtimeMs } = statSync(archive);
	const name = basename(archive).replace(/\.tar\.\w+$/, "");
	const place = join(cache("sources"), `${name}-${size}-${mtimeMs}`);
	if (existsSync(place)) return place;
	const wanted = [
		"Makefile",
		`${DRIVER}/*.c`,
		`${DRIVER}/*.h`,
		SHBUF,
		...INTERFACES.map((header) => `include/${header}`),
	].map((path) => `${name}/${path}`);
	await whole(place, async (folder) => {
		try {
			await run("tar", [
				"-xf",
				archive,
				"-C",
				folder,
				"--strip-components=1",
				"--wildcards",
				...wanted,
			]);
		} catch (error) {
			throw new Missing(
				`${archive} could not be unpacked (on Debian: apt install tar xz-utils): ${firstLine(error)}`,
			);
		}
	});
	return place;
}

/** A kernel tree, or a folder in which the same files lie side by side; the protocol's headers may come from Debian's package. */
async function gathered(from: string, spec: string): Promise<string> {
	if (!existsSync(from) || !statSync(from).isDirectory())
		throw new Missing(
			`${spec} is no folder: name a kernel tree, a folder with the files of ${DRIVER} and ${basename(SHBUF)}, or debian`,
			true,
		);
	const driver = [join(from, DRIVER), from].find((folder) =>
		existsSync(join(folder, "xen_drm_front.c")),
	);
	if (driver === undefined)
		throw new Missing(
			`${spec} has neither ${DRIVER}/xen_drm_front.c nor xen_drm_front.c`,
			true,
		);
	const files = new Map<string, string>();
	for (const name of readdirSync(driver))
		if (/\.[ch]$/.test(name) && name !== basename(SHBUF))
			files.set(`${DRIVER}/${name}`, join(driver, name));
	const others = [SHBUF, ...INTERFACES.map((header) => `include/${header}`)];
	let debian: string | undefined;
	for (const path of others) {
		const here = [join(from, path), join(from, basename(path))].find((file) =>
			existsSync(file),
		);
		if (here === undefined) {
			try {
				debian ??= await unpacked("debian");
			} catch {
				throw new Missing(
					`${spec} has no ${path}, nor ${basename(path)}, and there is no linux-source package to take it from`,
				);
			}
		}
		files.set(path, here ?? join(debian as string, path));
	}
	// A header that lies in the same folder by chance is the driver's only if no interface has its name.
	for (const header of INTERFACES)
		files.delete(`${DRIVER}/${basename(header)}`);
	if (existsSync(join(from, "Makefile")) && driver !== from)
		files.set("Makefile", join(from, "Makefile"));
	const contents = [...files].sort().map(([path, file]) => ({
		path,
		text: readFileSync(file),
	}));
	const digest = createHash("sha256");
	for (const { path, text } of contents)
		digest.update(`${path}\0`).update(text);
	const place = join(
		cache("sources"),
		`tree-${digest.digest("hex").slice(0, 16)}`,
	);
	if (existsSync(place)) return place;
	await whole(place, async (folder) => {
		for (const { path, text } of contents) {
			mkdirSync(dirname(join(folder, path)), { recursive: true });
			writeFileSync(join(folder, path), text);
		}
	});
	return place;
}

// ---- Compiling

/** The fake kernel: beside this file, or in the package of which this is a bundle; a bundle that bin/ts.mjs made lies anywhere. */
function kernelHome(): string {
	const home = [
		...["../kernel", "../src/attach/kernel"].map((path) =>
			fileURLToPath(new URL(path, import.meta.url)),
		),
		resolve("src/attach/kernel"),
	].find((path) => existsSync(join(path, "host.h")));
	if (home === undefined) throw new Error("src/attach/kernel is not there");
	return home;
}

const filesBelow = (folder: string): string[] =>
	readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => /\.[ch]$/.test(name))
		.sort()
		.map((name) => join(folder, name));

async function compiled(
	sources: string,
	tools: Record<Tool, Found>,
): Promise<string> {
	const kernel = kernelHome();
	const digest = createHash("sha256");
	for (const folder of [kernel, sources])
		for (const file of filesBelow(folder))
			digest
				.update(`${file.slice(folder.length)}\0`)
				.update(readFileSync(file));
	for (const { version } of Object.values(tools)) digest.update(version);
	digest.update(JSON.stringify([COMPILE, HOOKS, LINK, ASYNCIFY, HEADERS]));
	const place = join(cache("linux"), digest.digest("hex").slice(0, 32));
	const wasm = join(place, "driver.wasm");
	if (existsSync(wasm)) return wasm;
	await whole(place, async (folder) => {
		const work = mkdtempSync(join(cache("work"), "build-"));
		try {
			await build(sources, kernel, tools, work, join(folder, "driver.wasm"));
		} finally {
			rmSync(work, { recursive: true, force: true });
		}
	});
	return wasm;
}

interface Unit {
	source: string;
	flags: readonly string[];
}

async function build(
	sources: string,
	kernel: string,
	tools: Record<Tool, Found>,
	work: string,
	wasm: string,
): Promise<void> {
	const stubs = join(work, "include");
	writeStubs(sources, stubs);
	const driver: Unit[] = [
		...filesBelow(join(sources, DRIVER)).filter((file) => file.endsWith(".c")),
		join(sources, SHBUF),
	].map((source) => ({ source, flags: HOOKS }));
	const runtime: Unit[] = filesBelow(join(kernel, "runtime"))
		.filter((file) => file.endsWith(".c"))
		.map((source) => ({
			source,
			flags: BELOW.has(basename(source)) ? ["-fno-builtin"] : HOOKS,
		}));
	const include = [join(kernel, "include"), stubs, join(sources, "include")];
	const objects = await inPairs(
		[...driver, ...runtime],
		async (unit, index) => {
			const object = join(work, `${index}.o`);
			await tool(tools.clang, sources, [
				...COMPILE,
				...unit.flags,
				...include.map((folder) => `-I${folder}`),
				"-c",
				unit.source,
				"-o",
				object,
			]);
			return object;
		},
	);
	const linked = join(work, "linked.wasm");
	await tool(tools["wasm-ld"], sources, [...LINK, ...objects, "-o", linked]);
	const map = join(work, "linked.map");
	writeFileSync(map, sourceMapOf(readFileSync(linked)));
	await tool(tools["wasm-opt"], sources, [
		...ASYNCIFY,
		...["-ism", map, "-osm", `${wasm}.map`],
		...[linked, "-o", wasm],
	]);
}

/** One file of one line for each header of the kernel that the driver asks for. */
function writeStubs(sources: string, stubs: string): void {
	for (const file of filesBelow(sources))
		for (const [, header] of readFileSync(file, "utf8").matchAll(
			/^#include <([^>]+)>/gm,
		)) {
			const name = header as string;
			if ((INTERFACES as readonly string[]).includes(name)) continue;
			const ours = HEADERS[name];
			if (ours === undefined)
				throw new Missing(
					`${file.slice(sources.length + 1)} includes <${name}>, which the fake kernel does not have (HEADERS in src/attach/linux/build.ts)`,
				);
			mkdirSync(dirname(join(stubs, name)), { recursive: true });
			writeFileSync(join(stubs, name), `#include <xk/${ours}.h>\n`);
		}
}

/** Two at a time, results in order. */
async function inPairs<T, R>(
	items: readonly T[],
	each: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
	const results: R[] = [];
	let next = 0;
	const worker = async () => {
		for (let at = next++; at < items.length; at = next++)
			results[at] = await each(items[at] as T, at);
	};
	await Promise.all([worker(), worker()]);
	return results;
}

/** Run a tool. What it complains of becomes a sentence about the driver. */
async function tool(
	{ path }: Found,
	sources: string,
	args: string[],
): Promise<void> {
	try {
		await run(path, args, { maxBuffer: 1 << 26 });
	} catch (error) {
		throw new Missing(
			complaint(
				String((error as { stderr?: string }).stderr ?? error),
				sources,
			),
		);
	}
}

/** `stderr` of clang or wasm-ld, for somebody who wants to know which function is missing. */
export function complaint(stderr: string, sources: string): string {
	const functions = new Set<string>();
	for (const [, declared, linked] of stderr.matchAll(
		/(?:undeclared function|implicit declaration of function) '(\w+)'|undefined symbol: (\w+)/g,
	))
		functions.add((declared ?? linked) as string);
	const errors = stderr
		.split("\n")
		.filter((line) => line.includes("error:"))
		.map((line) => line.replaceAll(`${sources}/`, ""));
	const where = /^([^\s:]+\.[ch]:\d+)/.exec(errors[0] ?? "")?.[1];
	if (functions.size > 0)
		return `the driver calls ${[...functions].join(", ")}${where === undefined ? "" : ` (${where})`}, which the fake kernel of src/attach/kernel does not have yet`;
	return `the driver does not compile against the fake kernel of src/attach/kernel: ${errors.slice(0, 3).join("; ") || firstLine(stderr)}`;
}

function firstLine(error: unknown): string {
	return (
		String(error)
			.split("\n")
			.find((line) => line.trim() !== "") ?? ""
	);
}
