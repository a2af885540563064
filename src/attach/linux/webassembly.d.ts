/** What of WebAssembly we use: the platform's types come with the DOM's, which is not ours. */
declare namespace WebAssembly {
	class Module {
		constructor(bytes: Uint8Array);
	}
	class Instance {
		constructor(
			module: Module,
			imports: Record<string, Record<string, (...args: number[]) => void>>,
		);
		readonly exports: Record<string, unknown>;
	}
	interface Memory {
		readonly buffer: ArrayBuffer;
		grow(pages: number): number;
	}
	interface Global {
		value: number;
	}
	class RuntimeError extends Error {}
}
