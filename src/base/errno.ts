/** Error numbers of xen/errno.h. A status is 0 or one of these negated. */
export const ERRNO = {
	EPERM: 1,
	ENOENT: 2,
	ESRCH: 3,
	EIO: 5,
	ENXIO: 6,
	E2BIG: 7,
	ENOEXEC: 8,
	EBADF: 9,
	ECHILD: 10,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EFAULT: 14,
	EBUSY: 16,
	EEXIST: 17,
	EXDEV: 18,
	ENODEV: 19,
	ENOTDIR: 20,
	EISDIR: 21,
	EINVAL: 22,
	ENFILE: 23,
	EMFILE: 24,
	ENOSPC: 28,
	EROFS: 30,
	EMLINK: 31,
	EDOM: 33,
	ERANGE: 34,
	EDEADLK: 35,
	ENAMETOOLONG: 36,
	ENOLCK: 37,
	ENOSYS: 38,
	ENOTEMPTY: 39,
	ENODATA: 61,
	ETIME: 62,
	EBADMSG: 74,
	EOVERFLOW: 75,
	EILSEQ: 84,
	ENOTSOCK: 88,
	EMSGSIZE: 90,
	EOPNOTSUPP: 95,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ENOBUFS: 105,
	EISCONN: 106,
	ENOTCONN: 107,
	ETIMEDOUT: 110,
	ECONNREFUSED: 111,
} as const;

export type ErrnoName = keyof typeof ERRNO;

const NAMES = new Map<number, ErrnoName>(
	(Object.keys(ERRNO) as ErrnoName[]).map((name) => [ERRNO[name], name]),
);

export const errnoNumber = (name: ErrnoName): number => ERRNO[name];

/** The name of an error number, with or without its sign: `errnoName(-22)` is EINVAL. */
export const errnoName = (status: number): ErrnoName | undefined =>
	NAMES.get(Math.abs(status));

/** A status as reports print it: `ok`, `-EINVAL`, `-200`, `7`. */
export function statusText(status: number): string {
	if (status === 0) return "ok";
	const name = errnoName(status);
	return status < 0 && name !== undefined ? `-${name}` : String(status);
}
