// The names of a bundle's members, in their order: manifest.json, manifest.sig if it is signed,
// entries/0.attnjit, entries/1.attnjit, ..
#ifndef ATTNJIT_CACHE_BUNDLE_ARCHIVE_NAMES_H_
#define ATTNJIT_CACHE_BUNDLE_ARCHIVE_NAMES_H_

#include <string>

namespace attnjit {

inline constexpr char kManifestMember[] = "manifest.json";
inline constexpr char kSignatureMember[] = "manifest.sig";

inline std::string EntryMember(size_t index) {
  return "entries/" + std::to_string(index) + ".attnjit";
}

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_BUNDLE_ARCHIVE_NAMES_H_
