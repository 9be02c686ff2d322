/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The test vectors of media-formats.md 1.6, name for name. */
#define PW1_SHA1 "cba4e545b7ec918129725154b29f055e4cd5aea8"
#define PW1_MATERIAL                                                                               \
  "472b14c830bccddc2b57c2f91682e0b39dae488fb213c24bb88985b1af61f433b29b314ccc818289"
#define NOPW_SHA1 "5572fe5698ca6b7bdbfcf71cda4779fcf39a1502"
#define NOPW_MATERIAL                                                                              \
  "d15d6a10993a431266d87bf5e6c72252621cfef7c42a749bb4df2aa1a156a95f159bbc8f3571be10"
#define PW2_UTF16 "5a00fc007200690063006800ac2034d81edd"
#define PW2_MATERIAL                                                                               \
  "b29e2e4fbb94a1e032be12e5b21576c7a53bde5207e5f5bc1cc5512cf3574ded2a37e7473c1396a3"
#define PUB_AES128_HEAD                                                                            \
  "0000edec14000000b2320000c03200000e6600000000000011cb54aa3b699f61f86ab312e6fb97ec"
#define PUB_AES256_HEAD                                                                            \
  "0000edec14000000ca320000d032000010660000000000003dd6b8bc6cc41f718b07522266e188ce"
#define PUB_UNKNOWN_HEAD                                                                           \
  "0000edec1400000010330000203300000e6600000000000008b5ea1dab29bdd0de62e6506b108b5c"
#define NOPW_BLOCK0_AES128 "54d3790a76eff0d554bae83c55f48b20"
#define NOPW_BLOCK0_AES192 "ab95518a978b2a048cd67a62c260c83d"
#define NOPW_BLOCK0_AES256 "9dfe10217c077f849a55a0439a2309b7"
#define X1_PW1_AES128_FILE                                                                         \
  "0000edec140000004a000000500000000e6600000000000011cb54aa3b699f61f86ab312e6fb97ec"               \
  "5109a4681a3732fb75d5fef898442e55860637fedeb7179043f19f4c0dff1df7c2e3b26d8e6bc127"               \
  "a447c3b7095c01d3b2768afc8c88ae140dea54bcc344792e000000000000000000000000"
#define X1_PW1_AES192_FILE                                                                         \
  "0000edec140000004a000000500000000f660000000000002e78dce133ae619f8a907cf823757dce"               \
  "2447bfce09de3b0722b0062e415f7eaf67fba3a2244937902cda433fa0124b8e237222abdca8e6a6"               \
  "4614433e141cd05a34fda3452cddf8ed0ad2fcffe63fef87000000000000000000000000"
#define X1_PW1_AES256_FILE                                                                         \
  "0000edec140000004a0000005000000010660000000000003dd6b8bc6cc41f718b07522266e188ce"               \
  "8946043729d6520bfcde58d4a2ced009a0c7b1f2a87d10c8e7d17f139823fb0c37619181f95510ba"               \
  "3facf60fa4b76d1baba6f01931d4e9e583272cc80d6759a3000000000000000000000000"
#define X1_NOPW_AES128_CT                                                                          \
  "54d3790a76eff0d554bae83c55f48b20f20a98497c75cfe344012d3d39618ae791a63277ef1786e9"               \
  "95664e37483ebb0cdfe7aaa45668561d1e9316b0f3dc8a6c49f8e1c66bb4359139926b6e08c3c19c"
#define X1_NOPW_AES192_CT                                                                          \
  "ab95518a978b2a048cd67a62c260c83d4293cf4b687fd5e205a0b4f13ac109e1dfd7a98ef9374eb0"               \
  "a2541b45f90fe5d20bb17aa431806e686f0d2918eb0b10d21c4223024323c068bab0a1cad2bf4f22"
#define X1_NOPW_AES256_CT                                                                          \
  "9dfe10217c077f849a55a0439a2309b7f8976587c37eb4faf85c8bb35fe6cdb64fa34787f36b7c0f"               \
  "f72a34034669c62c5512bc99079a959b426b026dbb5979f9e8793d414c0d71e4c2a0c151f1c2b128"
#define X2_PW2_AES128_FILE                                                                         \
  "0000edec1400000050000000600000000e660000000000003d5f61280d0a6fed51c99b912a989dda"               \
  "50616e8902e4700dc88322a189eed9bcfbfe318bbbaad75fc4e1ba3c3dca6610487a9ac3cf921680"               \
  "420f3c289d55c143030c12ea877a05d467a754132f871fb0615e879276191fd12059a7f1949ec7af"               \
  "0000"
#define X2_PW2_AES256_FILE                                                                         \
  "0000edec14000000500000006000000010660000000000000694859d07a861464b1fbf4453142ab5"               \
  "71c8f8caee4bc1eebcaab76aa39f635963a508f5d4f9cad8d9567e62b4078d22989b96fe087160ae"               \
  "52ec8306af3f4565c878322bbd66cf68c5a03c4c2c8dde6b2fb0ae7106b517f8a0e61fcc37f873b0"               \
  "0000"
#define PXE_KEY_SEED "9f679c9b373a1f48824f378733de24e9"
#define PXE_OPTION243                                                                              \
  "023130140000000a000000100000001066000000000000e99d6561c3a3b8b44f820f972fac34c700"               \
  "0000000000000000000000"
#define PXE_RAW_PASSWORD "0182030405060708090a"
#define PXE_VAR_FILE                                                                               \
  "0000edec1400000082000000900000001066000000000000f025d29d63c9fcccad79e9facbea6c0e"               \
  "7e9b1ed8c98f2447b2768f4b061d5a90974886e67b845cea902bdf19a5f96e51837ee37040137d69"               \
  "65096ef78aaa9f8b62e7c54904e32192098a2380c88db1a6fbafe7b11d0bc48a84985dcb7fb847e5"               \
  "544e0b64bc8a2203c8b44ce881ee3aa3cc54e2693b9dd02953215e00fd5f4897cd08e5fac713b680"               \
  "f304ef16b38b1265000000000000"
