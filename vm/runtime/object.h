// Heap objects. Layouts are contracts: native code reads them with the offsets asserted below.
//
//   every object   [flags:8 kind:8 extra:16 type:32]   8-byte header, 8-byte aligned
//   String         header, length:32, hash:32, bytes*        an immutable prefix of a Bytes object
//   Bytes          header, used:32, capacity:32, data...      appended to only by the string that ends at `used`
//   Array          header, length:32, capacity:32, buffer*    buffer is null while capacity is 0
//   Buffer         header, bytes:64, data...                  elements of 1, 4 or 8 bytes, or references
//   Struct         header, one 64-bit slot a field
//   ErrorObject    header, error kind:32, function:32, message*, pc:64
//   RangeObject    header, current:64, end:64, step:64
//
// A moved object's header is its new address with bit 0 (kForwarded) set; only the collector ever sees one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orus {

enum class ObjectKind : uint8_t { kString, kBytes, kArray, kScalarBuffer, kRefBuffer, kStruct, kError, kRange };

enum ObjectFlags : uint8_t {
  kForwarded = 1,      // the header is a forwarding pointer
  kNeedsBarrier = 2,   // old and not yet remembered: a store of a reference into it must call the barrier
  kOld = 4,            // in the old generation
  kLarge = 8,          // never moves; has a node in the large-object list
  kMarked = 16,        // large objects only, during a full collection
};

struct Object {
  uint8_t flags;
  ObjectKind kind;
  uint16_t extra;
  uint32_t type;  // TypeId of arrays and structs; 0 otherwise
};
static_assert(sizeof(Object) == 8);

struct Bytes : Object {
  uint32_t used;
  uint32_t capacity;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
};
static_assert(sizeof(Bytes) == 16);

struct String : Object {
  uint32_t length;
  uint32_t unused;
  Bytes* bytes;  // never null
  std::string_view view() const { return {bytes->data(), length}; }
};
static_assert(sizeof(String) == 24 && offsetof(String, length) == 8 && offsetof(String, bytes) == 16);

struct Buffer : Object {
  uint64_t size;  // bytes of element storage
  char* data() { return reinterpret_cast<char*>(this + 1); }
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(this + 1);
  }
};
static_assert(sizeof(Buffer) == 16);

struct Array : Object {
  int32_t length;
  int32_t capacity;  // elements
  Buffer* buffer;    // null while capacity is 0
};
static_assert(sizeof(Array) == 24 && offsetof(Array, length) == 8 && offsetof(Array, capacity) == 12 && offsetof(Array, buffer) == 16);

struct Struct : Object {
  uint64_t* fields() { return reinterpret_cast<uint64_t*>(this + 1); }
};

struct ErrorObject : Object {
  uint32_t error_kind;
  uint32_t function;  // where it was raised: function index ...
  String* message;
  uint64_t pc;        // ... and code word
};

struct RangeObject : Object {
  int64_t current, end, step;
};

inline constexpr uint32_t kMaxStringLength = 0x7FFFFFFF;
inline constexpr int32_t kMaxArrayLength = 0x7FFFFFF0;

}  // namespace orus
