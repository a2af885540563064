declare module "xml2js" {
	export function parseStringPromise(
		text: string,
		options?: { explicitChildren?: boolean; preserveChildrenOrder?: boolean },
	): Promise<unknown>;
}
