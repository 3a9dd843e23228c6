#ifdef __cplusplus
extern "C" {
#endif
#define LIMIT (1u << 4)
#if defined(LIMIT) && LIMIT > 3
enum color { RED = LIMIT, GREEN, BLUE = sizeof(void *) };
#endif
struct node { struct node *next; enum color color; char name[LIMIT]; double tail[]; } __attribute__((packed));
int (*pick(int which))(const struct node *, ...) __attribute__((cdecl)) asm("pick_one");
static inline int twice(int x) { return 2 * x; }
static const double HALF = 0.5;
_Static_assert(sizeof(int) == 4, "int");
extern "C" { extern const char *const names[3]; }
