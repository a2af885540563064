/** DRM FOURCC pixel formats that displays of this protocol use, with their bits per pixel. */
export const fourcc = (text: string): number =>
	(text.charCodeAt(0) |
		(text.charCodeAt(1) << 8) |
		(text.charCodeAt(2) << 16) |
		(text.charCodeAt(3) << 24)) >>>
	0;

export interface PixelFormat {
	name: string;
	code: number;
	bpp: number;
}

const format = (name: string, text: string, bpp: number): PixelFormat => ({
	name,
	code: fourcc(text),
	bpp,
});

/** Those the Linux frontend offers come first. */
export const FORMATS: readonly PixelFormat[] = [
	format("RGB565", "RG16", 16),
	format("RGB888", "RG24", 24),
	format("XRGB8888", "XR24", 32),
	format("ARGB8888", "AR24", 32),
	format("XRGB4444", "XR12", 16),
	format("ARGB4444", "AR12", 16),
	format("XRGB1555", "XR15", 16),
	format("ARGB1555", "AR15", 16),
	format("YUYV", "YUYV", 16),
	format("BGR888", "BG24", 24),
	format("BGR565", "BG16", 16),
	format("XBGR8888", "XB24", 32),
	format("ABGR8888", "AB24", 32),
	format("RGBX8888", "RX24", 32),
	format("RGBA8888", "RA24", 32),
	format("BGRX8888", "BX24", 32),
	format("BGRA8888", "BA24", 32),
	format("XRGB2101010", "XR30", 32),
	format("ARGB2101010", "AR30", 32),
	format("NV12", "NV12", 12),
];

const BY_CODE = new Map(FORMATS.map((f) => [f.code, f]));
export const formatOf = (code: number): PixelFormat | undefined =>
	BY_CODE.get(code);
