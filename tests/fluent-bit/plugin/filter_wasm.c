/* Fluent Bit's filter `wasm` for a Fluent Bit that is older than it: the calls of versions 4.2 to 5.1 in the same order, with
 * what they do where a call fails. One instance for the life of the filter, one call a record, the answer by strlen.
 *
 * The order of the calls is that of plugins/filter_wasm/filter_wasm.c and src/wasm/flb_wasm.c of Fluent Bit 5.1. */

#include <fluent-bit/flb_filter_plugin.h>
#include <fluent-bit/flb_pack.h>
#include <fluent-bit/flb_time.h>
#include <msgpack.h>
#include <wasm_export.h>

#define LEAST 8192

struct wasm_filter {
    flb_sds_t path;
    flb_sds_t function;
    flb_sds_t format;
    size_t heap;
    size_t stack;
    struct flb_filter_instance *ins;
    char *file;
    wasm_module_t module;
    wasm_module_inst_t instance;
    wasm_exec_env_t env;
};

/* Calls the function for one record; gives a copy of its answer, NULL where the record is to be dropped. */
static char *call(struct wasm_filter *filter, const char *tag, int tag_length, struct flb_time time, const char *record,
                  size_t length)
{
    char *answer = NULL;
    wasm_function_inst_t function = wasm_runtime_lookup_function(filter->instance, filter->function);
    if (!function) {
        flb_plg_error(filter->ins, "there is no function %s", filter->function);
        return NULL;
    }
    uint32_t tag_at = wasm_runtime_module_dup_data(filter->instance, tag, tag_length + 1);
    uint32_t record_at = wasm_runtime_module_dup_data(filter->instance, record, length + 1);
    uint32_t cells[6] = {tag_at, tag_length, time.tm.tv_sec, time.tm.tv_nsec, record_at, length};
    if (!wasm_runtime_call_wasm(filter->env, function, 6, cells)) {
        flb_plg_error(filter->ins, "exception: %s", wasm_runtime_get_exception(filter->instance));
        wasm_runtime_clear_exception(filter->instance);
    }
    else if (!wasm_runtime_validate_app_str_addr(filter->instance, cells[0])) {
        flb_plg_error(filter->ins, "the answer is no text");
    }
    else {
        char *text = wasm_runtime_addr_app_to_native(filter->instance, cells[0]);
        answer = text ? flb_strdup(text) : NULL;
    }
    if (tag_at) {
        wasm_runtime_module_free(filter->instance, tag_at);
    }
    if (record_at) {
        wasm_runtime_module_free(filter->instance, record_at);
    }
    return answer;
}

/* Appends a record with the answer for a body. */
static void append(struct wasm_filter *filter, msgpack_packer *packer, msgpack_sbuffer *out, struct flb_time *time,
                   const char *answer)
{
    char *body = NULL;
    size_t size;
    int type;
    int ret = flb_pack_json(answer, strlen(answer), &body, &size, &type);
    if (ret == 0 && type == JSMN_OBJECT) {
        msgpack_pack_array(packer, 2);
        flb_time_append_to_msgpack(time, packer, 0);
        msgpack_sbuffer_write(out, body, size);
    }
    else {
        flb_plg_error(filter->ins, "invalid JSON: %s", answer);
    }
    flb_free(body);
}

static int filter_records(const void *data, size_t bytes, const char *tag, int tag_length, void **out, size_t *out_bytes,
                          struct flb_filter_instance *ins, struct flb_input_instance *input, void *context,
                          struct flb_config *config)
{
    struct wasm_filter *filter = context;
    size_t at = 0;
    size_t last = 0;
    msgpack_unpacked record;
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_unpacked_init(&record);
    while (msgpack_unpack_next(&record, data, bytes, &at) == MSGPACK_UNPACK_SUCCESS) {
        if (record.data.type != MSGPACK_OBJECT_ARRAY) {
            continue;
        }
        struct flb_time time;
        msgpack_object *body;
        flb_time_pop_from_msgpack(&time, &record, &body);
        char *text = flb_msgpack_to_json_str(at - last + 128, body);
        last = at;
        if (!text) {
            flb_plg_error(filter->ins, "a record is no JSON");
            continue;
        }
        char *answer = call(filter, tag, tag_length, time, text, strlen(text));
        flb_free(text);
        if (answer && *answer) {
            append(filter, &packer, &buffer, &time, answer);
        }
        flb_free(answer);
    }
    msgpack_unpacked_destroy(&record);
    *out = buffer.data;
    *out_bytes = buffer.size;
    return FLB_FILTER_MODIFIED;
}

static char *read_file(const char *path, uint32_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *bytes = flb_malloc(*size);
    if (bytes && fread(bytes, 1, *size, file) != *size) {
        flb_free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

static int instantiate(struct wasm_filter *filter)
{
    char error[128] = "it cannot be read";
    uint32_t size = 0;
    RuntimeInitArgs runtime = {.mem_alloc_type = Alloc_With_System_Allocator};
    if (!wasm_runtime_full_init(&runtime)) {
        return -1;
    }
    filter->file = read_file(filter->path, &size);
    filter->module = filter->file ? wasm_runtime_load((uint8_t *) filter->file, size, error, sizeof error) : NULL;
    if (filter->module) {
        filter->instance = wasm_runtime_instantiate(filter->module, filter->stack, filter->heap, error, sizeof error);
    }
    filter->env = filter->instance ? wasm_runtime_create_exec_env(filter->instance, filter->stack) : NULL;
    if (!filter->env) {
        flb_plg_error(filter->ins, "%s: %s", filter->path, error);
        return -1;
    }
    return 0;
}

static int init(struct flb_filter_instance *ins, struct flb_config *config, void *data)
{
    struct wasm_filter *filter = flb_calloc(1, sizeof *filter);
    if (!filter) {
        return -1;
    }
    filter->ins = ins;
    if (flb_filter_config_map_set(ins, filter) == -1 || !filter->path || !filter->function) {
        return -1;
    }
    if (filter->format && strcasecmp(filter->format, "json") != 0) {
        flb_plg_error(ins, "only the format json is here");
        return -1;
    }
    filter->heap = filter->heap > LEAST ? filter->heap : LEAST;
    filter->stack = filter->stack > LEAST ? filter->stack : LEAST;
    flb_filter_set_context(ins, filter);
    return instantiate(filter);
}

/* The process ends with the filter: what it holds goes with it. */
static int end(void *data, struct flb_config *config)
{
    return 0;
}

#define SETTING(type, name, usual, member)                                                                                 \
    {FLB_CONFIG_MAP_##type, name, usual, 0, FLB_TRUE, offsetof(struct wasm_filter, member), NULL}

static struct flb_config_map settings[] = {
    SETTING(STR, "wasm_path", NULL, path),
    SETTING(STR, "function_name", NULL, function),
    SETTING(STR, "event_format", NULL, format),
    SETTING(SIZE, "wasm_heap_size", "8192", heap),
    SETTING(SIZE, "wasm_stack_size", "8192", stack),
    {0},
};

struct flb_filter_plugin filter_wasm_plugin = {
    .name = "wasm",
    .description = "WebAssembly",
    .cb_init = init,
    .cb_filter = filter_records,
    .cb_exit = end,
    .config_map = settings,
};
