/* Compiles a WebAssembly module ahead of time for WAMR. It takes those options of WAMR's `wamrc` that the manual names,
 * with the same meaning:
 *
 * wamrc [--target=NAME] [--cpu=NAME] [--bounds-checks=0|1] [--stack-bounds-checks=0|1] [--opt-level=N] [--disable-simd]
 *       [--emit-custom-sections=NAME,...] -o FILE.aot FILE.wasm
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "aot_export.h"
#include "wasm_export.h"

/* Names of custom sections that are taken. */
#define SECTIONS 8

static const char *value_of(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 ? argument + length : NULL;
}

/* The parts between commas; false where there are more than there is room for, and then the text is as it was. */
static bool split(char *text, char **parts, uint32_t room, uint32_t *count)
{
    uint32_t most = 1;
    for (const char *at = text; *at; at++)
        most += *at == ',';
    if (most > room)
        return false;
    *count = 0;
    for (char *part = strtok(text, ","); part; part = strtok(NULL, ","))
        parts[(*count)++] = part;
    return true;
}

/* One digit, and no more than `most`. */
static bool digit(const char *text, char most, uint32_t *number)
{
    if (text[0] < '0' || text[0] > most || text[1] != '\0')
        return false;
    *number = (uint32_t)(text[0] - '0');
    return true;
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "wamrc: %s: %s\n", what, why);
    return 1;
}

static uint8_t *read_all(const char *name, uint32_t *size)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    uint8_t *bytes = length > 0 ? malloc((size_t)length) : NULL;
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *size = (uint32_t)length;
    return bytes;
}

static int compile(const char *in, const char *out, AOTCompOption *option)
{
    char error[128] = { 0 };
    uint32_t size;
    uint8_t *bytes = read_all(in, &size);
    if (!bytes)
        return fail(in, "cannot be read");
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof(error));
    if (!module)
        return fail(in, error);
    aot_comp_data_t data = aot_create_comp_data(module, option->target_arch, false);
    if (!data)
        return fail(in, aot_get_last_error());
    aot_comp_context_t context = aot_create_comp_context(data, option);
    bool done = context && aot_compile_wasm(context) && aot_emit_aot_file(context, data, out);
    int status = done ? 0 : fail(out, aot_get_last_error());
    /* Removes a temporary file, too. */
    if (context)
        aot_destroy_comp_context(context);
    return status;
}

int main(int count, char **arguments)
{
    const char *in = NULL, *out = NULL, *value;
    char *sections[SECTIONS];
    uint32_t sections_count = 0;
    /* 2: as the platform has it, which is what wamrc does where it is told nothing. */
    AOTCompOption option = {
        .opt_level = 3,
        .size_level = 3,
        .output_format = AOT_FORMAT_FILE,
        .bounds_checks = 2,
        .stack_bounds_checks = 2,
        .enable_simd = true,
        .enable_aux_stack_check = true,
        .enable_bulk_memory = true,
        .enable_bulk_memory_opt = true,
        .enable_call_indirect_overlong = true,
        .enable_ref_types = true,
    };
    aot_call_stack_features_init_default(&option.call_stack_features);
    for (int at = 1; at < count; at++) {
        char *argument = arguments[at];
        bool is_good = true;
        if (strcmp(argument, "-o") == 0 && at + 1 < count)
            out = arguments[++at];
        else if ((value = value_of(argument, "--cpu=")))
            option.target_cpu = (char *)value;
        else if ((value = value_of(argument, "--target=")))
            option.target_arch = (char *)value;
        else if ((value = value_of(argument, "--bounds-checks=")))
            is_good = digit(value, '1', &option.bounds_checks);
        else if ((value = value_of(argument, "--stack-bounds-checks=")))
            is_good = digit(value, '1', &option.stack_bounds_checks);
        else if ((value = value_of(argument, "--opt-level=")))
            is_good = digit(value, '3', &option.opt_level);
        else if ((value = value_of(argument, "--emit-custom-sections=")))
            is_good = split((char *)value, sections, SECTIONS, &sections_count);
        else if (strcmp(argument, "--disable-simd") == 0)
            option.enable_simd = false;
        else if (argument[0] != '-' && !in)
            in = argument;
        else
            return fail(argument, "unknown");
        if (!is_good)
            return fail(argument, "not a value that it takes");
    }
    if (!in || !out)
        return fail("usage", "wamrc [options] -o FILE.aot FILE.wasm");
    option.custom_sections = sections;
    option.custom_sections_count = sections_count;
    RuntimeInitArgs start = { .mem_alloc_type = Alloc_With_System_Allocator };
    if (!wasm_runtime_full_init(&start))
        return fail("WAMR", "does not start");
    return compile(in, out, &option);
}
