/*
 * The BASE extension. It formats version numbers itself: this folder includes
 * nothing from the rest of the kernel.
 */
#include "sbi/base.h"
#include "sbi/sbi.h"

enum base_fid {
	BASE_SPEC_VERSION,
	BASE_IMPL_ID,
	BASE_IMPL_VERSION,
	BASE_PROBE,
	BASE_MVENDORID,
	BASE_MARCHID,
	BASE_MIMPID,
};

enum impl_id { IMPL_OPENSBI = 1, IMPL_KVM = 3, IMPL_RUSTSBI, IMPL_HSS = 8 };

static const char *const impl_names[] = {
	"BBL",    "OpenSBI", "Xvisor",        "KVM",      "RustSBI", "Diosix",
	"Coffer", "Xen",     "PolarFire HSS", "coreboot", "oreboot", "bhyve",
};

static unsigned long base_get(enum base_fid fid)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_BASE, fid);

	return ret.error ? 0 : ret.value;
}

uint32_t sbi_base_spec_version(void)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_BASE, BASE_SPEC_VERSION);

	return ret.error ? 1 : (uint32_t)ret.value;
}

unsigned long sbi_base_impl_id(void)
{
	return base_get(BASE_IMPL_ID);
}

unsigned long sbi_base_impl_version(void)
{
	return base_get(BASE_IMPL_VERSION);
}

unsigned long sbi_base_probe(uint32_t eid)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_BASE, BASE_PROBE, eid);

	return ret.error ? 0 : ret.value;
}

unsigned long sbi_base_mvendorid(void)
{
	return base_get(BASE_MVENDORID);
}

unsigned long sbi_base_marchid(void)
{
	return base_get(BASE_MARCHID);
}

unsigned long sbi_base_mimpid(void)
{
	return base_get(BASE_MIMPID);
}

const char *sbi_impl_name(unsigned long impl_id)
{
	if (impl_id >= sizeof(impl_names) / sizeof(impl_names[0]))
		return NULL;
	return impl_names[impl_id];
}

unsigned int sbi_spec_major(void)
{
	return SBI_SPEC_MAJOR(sbi_base_spec_version());
}

unsigned int sbi_spec_minor(void)
{
	return SBI_SPEC_MINOR(sbi_base_spec_version());
}

const char *sbi_impl_name_now(void)
{
	const char *name = NULL;

	if (sbi_probe(SBI_EXT_BASE))
		name = sbi_impl_name(sbi_base_impl_id());
	return name ? name : "unknown firmware";
}

struct text {
	char *buf;
	size_t size, len;
};

static void text_char(struct text *t, char c)
{
	if (t->len + 1 < t->size)
		t->buf[t->len++] = c;
}

static void text_number(struct text *t, unsigned long v, unsigned int base)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		text_char(t, digits[--n]);
}

char *sbi_impl_version_text(unsigned long impl_id, unsigned long version,
			    char *buf, size_t size)
{
	struct text t = { buf, size, 0 };

	switch (impl_id) {
	case IMPL_OPENSBI:
	case IMPL_HSS:
		text_number(&t, version >> 16, 10);
		text_char(&t, '.');
		text_number(&t, version & 0xffff, 10);
		break;
	case IMPL_KVM:
	case IMPL_RUSTSBI:
		text_number(&t, version >> 16, 10);
		text_char(&t, '.');
		text_number(&t, version >> 8 & 0xff, 10);
		text_char(&t, '.');
		text_number(&t, version & 0xff, 10);
		break;
	default:
		text_char(&t, '0');
		text_char(&t, 'x');
		text_number(&t, version, 16);
	}
	if (size)
		buf[t.len] = '\0';
	return buf;
}
